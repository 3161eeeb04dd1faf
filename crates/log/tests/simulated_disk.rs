//! What the simulated disk keeps and loses, on examples small enough to list every outcome.

#![expect(clippy::unwrap_used, reason = "a helper of tests panics as a test does")]

use std::{collections::BTreeSet, io::ErrorKind, path::Path};

use nuthatch_log::vfs::{
    File, Open, Vfs,
    sim::{Sim, Survival},
};

fn path() -> &'static Path {
    Path::new("/file")
}

fn file_with(sim: &Sim, bytes: &[u8]) -> Box<dyn File> {
    let file = sim.open(path(), Open::New).unwrap();
    file.write_all_at(bytes, 0).unwrap();
    file.sync_data().unwrap();
    sim.sync_dir(Path::new("/")).unwrap();
    file
}

/// Every image that a power cut now may leave of the file; `None` is no file.
fn images(sim: &Sim) -> BTreeSet<Option<Vec<u8>>> {
    let moment = sim.moment();
    (0..moment.ways()).map(|way| moment.survivor(Survival::Nth(way)).read(path()).ok()).collect()
}

fn bytes<const N: usize>(images: [&[u8]; N]) -> BTreeSet<Option<Vec<u8>>> {
    images.into_iter().map(|image| Some(image.to_vec())).collect()
}

#[test]
fn bytes_and_name_need_a_sync_each() {
    let sim = Sim::new();
    let file = sim.open(path(), Open::New).unwrap();
    file.write_all_at(b"x", 0).unwrap();
    assert_eq!(images(&sim), [None, Some(vec![]), Some(vec![0]), Some(b"x".to_vec())].into());
    file.sync_data().unwrap();
    assert_eq!(images(&sim), [None, Some(b"x".to_vec())].into());
    sim.sync_dir(Path::new("/")).unwrap();
    assert_eq!(images(&sim), bytes([b"x"]));
}

#[test]
fn sectors_survive_each_for_itself_and_none_skips_a_write() {
    let sim = Sim::new();
    let file = file_with(&sim, &[b'a'; 1024]);
    file.write_all_at(b"12", 511).unwrap();
    file.write_all_at(b"3", 511).unwrap();
    let ends: BTreeSet<_> = images(&sim).into_iter().map(|image| image.unwrap()[511..513].to_vec()).collect();
    assert_eq!(ends, [b"aa", b"a2", b"1a", b"12", b"3a", b"32"].map(|end| end.to_vec()).into());
}

#[test]
fn a_cut_file_is_long_or_short_and_what_was_cut_does_not_come_back() {
    let sim = Sim::new();
    let file = file_with(&sim, b"abcd");
    file.set_len(1).unwrap();
    file.set_len(3).unwrap();
    assert_eq!(images(&sim), bytes([b"abcd", b"a", b"a\0\0"]));
}

#[test]
fn a_rename_is_whole_or_not_at_all() {
    let sim = Sim::new();
    file_with(&sim, b"old");
    let new = sim.open(Path::new("/new"), Open::New).unwrap();
    new.write_all_at(b"new", 0).unwrap();
    new.sync_data().unwrap();
    sim.rename(Path::new("/new"), path()).unwrap();
    assert_eq!(images(&sim), bytes([b"old", b"new"]));
    sim.remove(path()).unwrap();
    assert_eq!(images(&sim).len(), 3);
    sim.sync_dir(Path::new("/")).unwrap();
    assert_eq!(images(&sim), [None].into());
}

#[test]
fn a_failed_sync_forgets_the_bytes_and_the_next_one_says_nothing_of_it() {
    for (evicted, read) in [(false, b"new"), (true, b"old")] {
        let sim = Sim::new();
        let file = file_with(&sim, b"old");
        file.write_all_at(b"new", 0).unwrap();
        // A seed by which none of it reaches the disk.
        let seed =
            (0..99).find(|&seed| sim.moment().survivor(Survival::Seed(seed)).read(path()).unwrap() == b"old");
        sim.fail_sync_after(0, seed.unwrap(), evicted);
        file.sync_data().unwrap_err();
        file.sync_data().unwrap();
        assert_eq!(images(&sim), bytes([b"old"]));
        assert_eq!(sim.read(path()).unwrap(), read);
    }
}

#[test]
fn a_full_disk_takes_what_fits_and_has_room_again_when_files_go() {
    let sim = Sim::new();
    let file = file_with(&sim, b"1234");
    sim.set_room(Some(2));
    file.write_all_at(b"abcd", 0).unwrap();
    assert_eq!(file.write_at(b"5678", 4).unwrap(), 2);
    assert_eq!(file.write_at(b"78", 6).unwrap_err().kind(), ErrorKind::StorageFull);
    assert_eq!(file.allocate(7).unwrap_err().kind(), ErrorKind::StorageFull);
    let other = sim.open(Path::new("/other"), Open::New).unwrap();
    assert_eq!(other.write_all_at(b"x", 0).unwrap_err().kind(), ErrorKind::StorageFull);
    sim.remove(path()).unwrap();
    other.allocate(6).unwrap();
}

#[test]
fn the_power_goes_off_at_the_change_that_was_named_and_the_dead_change_nothing() {
    let sim = Sim::new();
    let file = file_with(&sim, b"1");
    sim.power_off_after(1);
    file.write_all_at(b"2", 0).unwrap();
    let refused =
        [file.write_at(b"3", 0).map(drop), file.sync_data(), file.len().map(drop), sim.remove(path())];
    assert!(refused.iter().all(Result::is_err));
    assert_eq!(images(&sim), bytes([b"1", b"2"]));
    let next = sim.kill();
    assert!(file.write_at(b"3", 0).is_err(), "a killed process");
    next.open(path(), Open::Existing).unwrap().sync_data().unwrap();
    assert_eq!(images(&sim), bytes([b"2"]));
}

#[test]
fn a_history_is_the_same_when_it_is_gone_through_again() {
    let sim = Sim::new();
    let file = file_with(&sim, b"1");
    file.write_all_at(b"2", 0).unwrap();
    let mut moments = sim.moments();
    let mut seen = vec![moments.moment().survivor(Survival::Everything).read(path()).ok()];
    while moments.advance() {
        seen.push(moments.moment().survivor(Survival::Everything).read(path()).ok());
    }
    let expected = [None, Some(&b""[..]), Some(b"1"), Some(b"1"), Some(b"1"), Some(b"2")];
    assert_eq!(seen, expected.map(|image| image.map(<[u8]>::to_vec)));
    assert_eq!((moments.passed(), sim.ops()), (5, 5));
}

#[test]
fn short_transfers_add_up() {
    let mut ops = 0;
    for seed in 0..20 {
        let sim = Sim::new();
        sim.transfer_short(seed);
        let text: Vec<u8> = (0..200).collect();
        let file = file_with(&sim, &text);
        let mut read = vec![0; 200];
        file.read_exact_at(&mut read, 0).unwrap();
        assert_eq!(read, text);
        ops += sim.ops();
    }
    assert!(ops > 20 * 4, "writes fell into pieces");
}
