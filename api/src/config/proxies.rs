//! The proxies in front, whose word on where a request comes from counts.

use std::net::IpAddr;

use ipnet::IpNet;

use super::key::{ConfigError, TRUSTED_PROXIES};

/// Networks of proxies that are believed; nobody by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Addresses and networks, between commas.
    pub(super) fn parse(text: &str) -> Result<Self, ConfigError> {
        let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
        names.map(network).collect::<Result<_, _>>().map(Self)
    }

    /// Whether this is one of them.
    pub fn contain(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Whether nobody is believed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn network(text: &str) -> Result<IpNet, ConfigError> {
    let network = text.parse::<IpNet>().ok();
    let network = network.or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
    network.ok_or_else(|| {
        TRUSTED_PROXIES.fault(format!("holds {text:?}, which is neither an address nor a network"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> TrustedProxies {
        TrustedProxies::parse(text).unwrap()
    }

    #[test]
    fn addresses_and_networks_are_believed_and_nobody_else() {
        let proxies = parsed("10.0.0.0/8, 192.168.1.7,fd00::/8");
        let trusted = |address: &str| proxies.contain(address.parse().unwrap());
        assert!(["10.1.2.3", "192.168.1.7", "fd12::1"].into_iter().all(trusted));
        assert!(!["11.0.0.1", "192.168.1.8", "::1", "127.0.0.1"].into_iter().any(trusted));
    }

    #[test]
    fn by_default_nobody_is() {
        assert!(parsed("").is_empty() && parsed(" , ").is_empty());
        assert!(!parsed("").contain("127.0.0.1".parse().unwrap()));
        assert!(TrustedProxies::parse("10.0.0.0/33").is_err() && TrustedProxies::parse("proxy").is_err());
    }
}
