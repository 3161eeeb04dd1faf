//! Both file systems do the same, as far as a process can see.

#![expect(clippy::unwrap_used, reason = "a helper of tests panics as a test does")]

use std::{
    collections::BTreeSet,
    fs::TryLockError,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use nuthatch_log::vfs::{Open, Os, Vfs, sim::Sim};

/// Runs `test` in an empty directory of each.
fn on_both(test: impl Fn(&dyn Vfs, &Path)) {
    let dir = tempfile::tempdir().unwrap();
    test(&Os, dir.path());
    let sim = Sim::new();
    sim.create_dir(Path::new("/dir")).unwrap();
    test(&sim, Path::new("/dir"));
}

fn names(vfs: &dyn Vfs, dir: &Path) -> BTreeSet<PathBuf> {
    vfs.list(dir).unwrap().into_iter().map(PathBuf::from).collect()
}

fn read(vfs: &dyn Vfs, path: &Path) -> Vec<u8> {
    let file = vfs.open(path, Open::Existing).unwrap();
    let mut bytes = vec![0; file.len().unwrap() as usize];
    file.read_exact_at(&mut bytes, 0).unwrap();
    bytes
}

#[test]
fn files_are_made_as_asked_and_names_are_listed() {
    on_both(|vfs, dir| {
        let path = dir.join("a");
        let kind = |path: &Path, how| vfs.open(path, how).unwrap_err().kind();
        assert_eq!(kind(&path, Open::Existing), ErrorKind::NotFound);
        assert_eq!(kind(&dir.join("none/a"), Open::OrCreate), ErrorKind::NotFound);
        vfs.open(&path, Open::New).unwrap().write_all_at(b"bytes", 0).unwrap();
        assert_eq!(kind(&path, Open::New), ErrorKind::AlreadyExists);
        assert_eq!(kind(&path.join("below"), Open::OrCreate), ErrorKind::NotADirectory);
        vfs.open(&path, Open::OrCreate).unwrap();
        assert_eq!(read(vfs, &path), b"bytes");

        vfs.create_dir(&dir.join("sub")).unwrap();
        assert_eq!(vfs.create_dir(&dir.join("sub")).unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(vfs.create_dir(&dir.join("none/sub")).unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(vfs.list(&path).unwrap_err().kind(), ErrorKind::NotADirectory);
        assert_eq!(vfs.list(&dir.join("none")).unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(names(vfs, dir), ["a", "sub"].map(PathBuf::from).into());
        vfs.sync_dir(dir).unwrap();
    });
}

#[test]
fn names_move_and_are_shared_and_files_outlive_them() {
    on_both(|vfs, dir| {
        let [a, b, c] = ["a", "b", "c"].map(|name| dir.join(name));
        for path in [&a, &b] {
            let bytes = path.file_name().unwrap().as_encoded_bytes();
            vfs.open(path, Open::New).unwrap().write_all_at(bytes, 0).unwrap();
        }
        assert_eq!(vfs.hard_link(&a, &b).unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(vfs.hard_link(&c, &dir.join("d")).unwrap_err().kind(), ErrorKind::NotFound);
        vfs.hard_link(&a, &c).unwrap();
        let open = vfs.open(&b, Open::Existing).unwrap();
        vfs.rename(&a, &b).unwrap();
        assert_eq!(vfs.rename(&a, &b).unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!((read(vfs, &b), read(vfs, &c)), (b"a".to_vec(), b"a".to_vec()));
        let mut byte = [0];
        open.read_exact_at(&mut byte, 0).unwrap();
        assert_eq!(&byte, b"b");
        vfs.remove(&b).unwrap();
        vfs.remove(&c).unwrap();
        assert_eq!(vfs.remove(&c).unwrap_err().kind(), ErrorKind::NotFound);
        assert!(names(vfs, dir).is_empty());
    });
}

#[test]
fn files_grow_by_zeros_and_are_cut() {
    on_both(|vfs, dir| {
        let path = dir.join("a");
        let file = vfs.open(&path, Open::New).unwrap();
        file.write_all_at(b"end", 5).unwrap();
        assert_eq!(read(vfs, &path), b"\0\0\0\0\0end");
        file.set_len(6).unwrap();
        file.set_len(8).unwrap();
        assert_eq!(read(vfs, &path), b"\0\0\0\0\0e\0\0");
        file.allocate(10).unwrap();
        assert_eq!(read(vfs, &path), b"\0\0\0\0\0e\0\0\0\0");
        file.allocate(4).unwrap();
        assert_eq!(file.len().unwrap(), 10, "allocating cuts nothing");
        assert_eq!(file.read_at(&mut [0; 4], 10).unwrap(), 0);
        assert_eq!(file.read_at(&mut [0; 4], 8).unwrap(), 2);
        assert_eq!(file.read_exact_at(&mut [0; 4], 8).unwrap_err().kind(), ErrorKind::UnexpectedEof);
        file.sync_data().unwrap();
        file.sync_all().unwrap();
    });
}

#[test]
fn a_lock_keeps_others_out_until_it_is_given_up_or_its_file_closed() {
    on_both(|vfs, dir| {
        let path = dir.join("a");
        let (one, two) = (vfs.open(&path, Open::New).unwrap(), vfs.open(&path, Open::Existing).unwrap());
        one.try_lock().unwrap();
        assert!(matches!(two.try_lock(), Err(TryLockError::WouldBlock)));
        one.unlock().unwrap();
        two.try_lock().unwrap();
        drop(two);
        one.try_lock().unwrap();
    });
}
