//! Who may know whom: the law that keeps the platform's parts apart, and proof that its breach is noticed.

mod source;

use std::path::{Path, PathBuf};

use uuid::Uuid;

use source::{Source, sources};

/// The composition: it may know everybody, and only itself knows it.
const COMPOSITION: [&str; 9] =
    ["main", "lib", "app", "cli", "server", "routes", "openapi", "health", "dashboard"];

/// The stages of a log's life. None knows another one; all of them ask `auth` who is calling.
const STAGES: [&str; 9] =
    ["auth", "people", "roster", "ingest", "analytics", "live", "benchmarks", "audit", "privacy"];

/// What everybody may know, and what knows nothing but each other.
const GROUND: [&str; 5] = ["config", "clock", "entropy", "error", "request_id"];

/// Crates that are for the store alone.
const DATABASE_CRATES: [&str; 6] = ["sea_orm", "sea_query", "sqlx", "rusqlite", "entity", "edtech_entity"];

/// Crates that the store must not know.
const HTTP_CRATES: [&str; 6] =
    ["actix_web", "actix_ws", "actix_http", "actix_server", "actix_service", "utoipa_actix_web"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layer {
    Composition,
    Stage,
    /// What several stages share, such as the shape of a list.
    Shared,
    Store,
    Ground,
}

fn layer(module: &str) -> Layer {
    let layers = [(&COMPOSITION[..], Layer::Composition), (&STAGES, Layer::Stage), (&GROUND, Layer::Ground)];
    let known = layers.into_iter().find(|(modules, _)| modules.contains(&module));
    known.map_or(if module == "store" { Layer::Store } else { Layer::Shared }, |(_, layer)| layer)
}

fn may_know(module: &str, other: &str) -> bool {
    match (layer(module), layer(other)) {
        _ if module == other => true,
        (Layer::Composition, _) | (_, Layer::Ground) => true,
        (Layer::Stage, Layer::Stage) => other == "auth",
        (Layer::Stage | Layer::Shared, Layer::Shared | Layer::Store) => true,
        _ => false,
    }
}

/// Every breach of the law in the sources of the server.
fn breaches_of_api(directory: &Path) -> Vec<String> {
    let sources = sources(directory);
    let modules: Vec<String> = sources.iter().map(|source| source.module().to_owned()).collect();
    let breaches = sources.iter().flat_map(|source| {
        let others = source.modules_of_this_crate().into_iter().filter(|other| modules.contains(other));
        let forbidden = others.filter(|other| !may_know(source.module(), other));
        let crates = source.crates().into_iter().filter(|name| !may_use(source.module(), name));
        forbidden.chain(crates).map(|name| format!("{} knows {name}", source.name())).collect::<Vec<_>>()
    });
    breaches.collect()
}

fn may_use(module: &str, crate_name: &str) -> bool {
    let is_store = module == "store";
    !(is_store && HTTP_CRATES.contains(&crate_name) || !is_store && DATABASE_CRATES.contains(&crate_name))
}

/// Every source that names one of these crates.
fn who_names(directory: &Path, crates: &[&str]) -> Vec<String> {
    let names = |source: &Source| source.crates().iter().any(|name| crates.contains(&name.as_str()));
    sources(directory).iter().filter(|source| names(source)).map(Source::name).collect()
}

/// The crates of this workspace that a manifest names.
fn kin(manifest: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(manifest).unwrap_or_else(|error| panic!("{manifest:?}: {error}"));
    assert!(text.contains("[dependencies]"), "{manifest:?} has no dependencies");
    let dependencies = text.lines().skip_while(|line| !line.contains("dependencies]"));
    let names = dependencies.filter_map(|line| line.split(['.', ' ', '=']).next());
    names.filter(|name| name.starts_with("edtech-")).map(str::to_owned).collect()
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace").to_owned()
}

#[test]
fn in_the_server_arrows_point_to_the_right() {
    assert_eq!(breaches_of_api(&workspace().join("api/src")), [] as [&str; 0]);
}

#[test]
fn the_history_of_the_schema_never_knows_the_entities() {
    let entities = ["entity", "edtech_entity"];
    assert_eq!(who_names(&workspace().join("migration/src"), &entities), [] as [&str; 0]);
    assert_eq!(kin(&workspace().join("migration/Cargo.toml")), [] as [&str; 0]);
    assert_eq!(kin(&workspace().join("entity/Cargo.toml")), [] as [&str; 0]);
}

#[test]
fn the_simulator_and_these_tests_know_the_server_by_http_alone() {
    for outsider in ["simulator", "tests"] {
        assert_eq!(kin(&workspace().join(outsider).join("Cargo.toml")), [] as [&str; 0], "{outsider}");
    }
    let server = kin(&workspace().join("api/Cargo.toml"));
    assert_eq!(server, ["edtech-entity", "edtech-migration"]);
}

/// A crate's sources, gone at the end.
struct Planted(PathBuf);

impl Planted {
    fn new(files: &[(&str, &str)]) -> Self {
        let planted = Self(std::env::temp_dir().join(format!("edtech-sources-{}", Uuid::new_v4().simple())));
        for (path, text) in files {
            let path = planted.0.join(path);
            std::fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
            std::fs::write(path, text).expect("a file");
        }
        planted
    }

    /// What is wrong with a sound server to which this one file was added.
    fn breaches_with(path: &str, text: &str) -> Vec<String> {
        let sound = [
            ("main.rs", "fn main() { edtech_api::cli::main(); }"),
            ("routes.rs", "use crate::{analytics, auth, ingest};"),
            ("ingest/mod.rs", "use crate::auth::Require;\nuse crate::store::{Store, entity};\nmod parse;"),
            ("ingest/parse.rs", "// use crate::live::Hub;\nconst FILTER: &str = \"sea_orm::x=off\";"),
            ("analytics.rs", "use crate::figures::Figures;"),
            ("live.rs", ""),
            ("roster.rs", ""),
            ("auth.rs", "use crate::clock::Clock;"),
            ("figures.rs", "use crate::store::Count;"),
            ("store/mod.rs", "use sea_orm::DbErr;\nuse crate::error::StoreError;"),
            ("clock.rs", "#[cfg(test)]\nmod tests { use super::*; }"),
            ("error.rs", ""),
        ];
        breaches_of_api(&Self::new(&[&sound[..], &[(path, text)]].concat()).0)
    }
}

impl Drop for Planted {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_breach_is_noticed_however_it_is_written() {
    assert_eq!(Planted::breaches_with("name.rs", "use std::fmt;"), [] as [&str; 0], "a sound server");
    let breaches = [
        ("store/count.rs", "use actix_web::HttpResponse;", "store/count.rs knows actix_web"),
        ("store/count.rs", "fn f() { crate::ingest::parse(); }", "store/count.rs knows ingest"),
        ("store/count.rs", "use super::super::live;", "store/count.rs knows live"),
        ("store/deep/count.rs", "use super::super::super::live::Hub;", "store/deep/count.rs knows live"),
        ("ingest/group.rs", "use crate::live::Hub;", "ingest/group.rs knows live"),
        ("ingest/group.rs", "use crate::{clock, live::{Hub, auth}};", "ingest/group.rs knows live"),
        ("ingest/group.rs", "use crate::{\n    clock,\n    routes,\n};", "ingest/group.rs knows routes"),
        ("ingest/group.rs", "use sea_orm as database;", "ingest/group.rs knows sea_orm"),
        ("ingest/group.rs", "fn f() -> ::entity::student::Model {}", "ingest/group.rs knows entity"),
        ("ingest/group.rs", "use {std::fmt, sea_orm::DbErr};", "ingest/group.rs knows sea_orm"),
        ("auth/tokens.rs", "use crate::ingest::Group;", "auth/tokens.rs knows ingest"),
        ("config/mod.rs", "use crate::store::Store;", "config/mod.rs knows store"),
        ("request_id.rs", "use super::auth::Claims;", "request_id.rs knows auth"),
        ("paging.rs", "use crate::roster::Student;", "paging.rs knows roster"),
    ];
    for (path, text, breach) in breaches {
        assert_eq!(Planted::breaches_with(path, text), [breach], "{text}");
    }
}

#[test]
#[should_panic(expected = "no sources")]
fn a_place_without_sources_proves_nothing() {
    breaches_of_api(&Planted::new(&[("README.md", "Moved.")]).0);
}
