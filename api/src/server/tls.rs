//! TLS by a certificate of one's own, which may be exchanged while the server runs.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{self, ServerConfig};

use crate::config::{ConfigError, Key, TLS_CERTIFICATE, TLS_KEY, TlsFiles};

/// Between two looks at the files. SIGHUP makes one at once.
const LOOK_EACH: Duration = Duration::from_secs(10);

/// The certificate that is shown to whoever connects.
pub struct Tls {
    files: TlsFiles,
    /// What was in the files when they were last looked at.
    seen: Pem,
    shown: Arc<Shown>,
    acceptor: TlsAcceptor,
}

/// What is in the two files.
#[derive(PartialEq, Eq)]
struct Pem {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

/// The certificate of now.
struct Shown(RwLock<Arc<CertifiedKey>>);

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a certificate")
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Tls {
    /// Reads the certificate and its key.
    pub fn open(files: &TlsFiles) -> Result<Self, ConfigError> {
        let seen = Pem::read(files)?;
        let shown = Arc::new(Shown(RwLock::new(Arc::new(seen.certified()?))));
        let config =
            server_config(Arc::clone(&shown)).map_err(|error| TLS_CERTIFICATE.fault(error.to_string()))?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Ok(Self { files: files.clone(), seen, shown, acceptor })
    }

    /// Shakes hands with whoever connects.
    pub fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.clone()
    }

    /// Takes up another certificate as long as the server runs: connections that are open keep the old one.
    pub async fn keep(mut self) -> io::Result<()> {
        let mut hangups = signal(SignalKind::hangup())?;
        let mut looks = interval(LOOK_EACH);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = looks.tick() => {}
                _ = hangups.recv() => {}
            }
            match self.look() {
                Ok(true) => tracing::info!("another certificate is shown from now on"),
                Ok(false) => {}
                Err(error) => tracing::error!(%error, "the certificate stays as it was"),
            }
        }
    }

    /// Whether there is another certificate. While only one of the two files is new they do not match, which passes.
    fn look(&mut self) -> Result<bool, ConfigError> {
        let now = Pem::read(&self.files)?;
        if now == self.seen {
            return Ok(false);
        }
        let certified = now.certified();
        self.seen = now;
        *self.shown.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(certified?);
        Ok(true)
    }
}

impl Pem {
    fn read(files: &TlsFiles) -> Result<Self, ConfigError> {
        let certificate = bytes_of(&TLS_CERTIFICATE, &files.certificate)?;
        Ok(Self { certificate, key: bytes_of(&TLS_KEY, &files.key)? })
    }

    fn certified(&self) -> Result<CertifiedKey, ConfigError> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&self.certificate).collect();
        let chain = chain.ok().filter(|chain| !chain.is_empty());
        let chain =
            chain.ok_or_else(|| TLS_CERTIFICATE.fault("names a file that holds no certificate in PEM"))?;
        let key = PrivateKeyDer::from_pem_slice(&self.key);
        let key = key.map_err(|_| TLS_KEY.fault("names a file that holds no private key in PEM"))?;
        CertifiedKey::from_der(chain, key, &provider())
            .map_err(|error| TLS_KEY.fault(format!("is not the key of the certificate ({error})")))
    }
}

fn bytes_of(key: &Key, file: &Path) -> Result<Vec<u8>, ConfigError> {
    fs::read(file)
        .map_err(|error| key.fault(format!("names {}, which cannot be read: {error}", file.display())))
}

fn provider() -> CryptoProvider {
    ring::default_provider()
}

fn server_config(shown: Arc<Shown>) -> Result<ServerConfig, rustls::Error> {
    let builder = ServerConfig::builder_with_provider(Arc::new(provider()));
    let builder = builder.with_safe_default_protocol_versions()?;
    let mut config = builder.with_no_client_auth().with_cert_resolver(shown);
    // The one protocol that is spoken here.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
