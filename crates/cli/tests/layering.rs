//! The house keeps its order: a room uses only the rooms that its place allows.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::{collections::BTreeSet, fs, path::Path};

/// Each room and the rooms of ours that its code may use, lowest room first. The table of ARCHITECTURE.md.
const ROOMS: [(&str, &[&str]); 11] = [
    ("policy", &[]),
    ("log", &[]),
    ("resp", &[]),
    ("trace", &[]),
    ("cache", &["policy"]),
    ("simulate", &["policy", "trace"]),
    ("keyspace", &["cache", "log"]),
    ("nuthatch", &["cache", "log"]),
    ("server", &["cache", "keyspace", "log", "resp"]),
    ("cli", &["cache", "keyspace", "log", "policy", "resp", "server", "simulate", "trace"]),
    ("bench", &["cache", "keyspace", "log", "nuthatch", "policy", "resp", "simulate", "trace"]),
];

#[test]
fn no_room_depends_on_a_room_above_it() {
    for (room, allowed) in ROOMS {
        let used = uses(room);
        let allowed: BTreeSet<String> = allowed.iter().map(|name| (*name).to_owned()).collect();
        let forbidden: Vec<_> = used.difference(&allowed).collect();
        assert!(forbidden.is_empty(), "{room} must not use {forbidden:?}; see ARCHITECTURE.md");
    }
}

#[test]
fn every_room_has_its_place_in_the_table() {
    let built: BTreeSet<String> = fs::read_dir(root().join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .chain(["bench".to_owned()])
        .collect();
    let listed: BTreeSet<String> = ROOMS.iter().map(|(room, _)| (*room).to_owned()).collect();
    assert_eq!(built, listed);
}

#[test]
fn the_table_allows_no_circle() {
    for (index, (room, allowed)) in ROOMS.iter().enumerate() {
        for below in *allowed {
            let place = ROOMS.iter().position(|(name, _)| name == below);
            assert!(
                place.is_some_and(|place| place < index),
                "{room} may use {below}, which is not below it"
            );
        }
    }
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The rooms that `room` names in any table of dependencies, tests included.
fn uses(room: &str) -> BTreeSet<String> {
    let folder = if room == "bench" { root().join(room) } else { root().join("crates").join(room) };
    let manifest: toml::Table =
        toml::from_str(&fs::read_to_string(folder.join("Cargo.toml")).unwrap()).unwrap();
    let tables = ["dependencies", "dev-dependencies", "build-dependencies"];
    let names =
        tables.into_iter().filter_map(|table| manifest.get(table)?.as_table()).flat_map(toml::Table::keys);
    let ours = names.filter(|name| name.as_str() == "nuthatch" || name.starts_with("nuthatch-"));
    let rooms = ours.map(|name| name.strip_prefix("nuthatch-").unwrap_or(name).to_owned());
    // A room may name itself, to turn a feature on for its own tests.
    rooms.filter(|name| name != room).collect()
}
