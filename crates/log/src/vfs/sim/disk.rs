//! The state of a disk and its page cache, and how each change moves it.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    io,
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use super::survive::{Chooser, Seeded};

/// One change or sync. Files are named by their node once they are open.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    CreateDir(PathBuf),
    Create(PathBuf),
    Write { node: usize, at: u64, bytes: Arc<[u8]> },
    Len { node: usize, bytes: u64, room: bool },
    Rename(PathBuf, PathBuf),
    Link(PathBuf, PathBuf),
    Remove(PathBuf),
    Sync(usize),
    FailSync { node: usize, seed: u64, evicted: bool },
    Flip { node: usize, at: u64, mask: u8 },
}

/// Files and directories, numbered in the order of their making; 0 is the root.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    pub(super) nodes: Vec<Node>,
}

#[derive(Clone, Debug)]
pub(super) enum Node {
    File(FileNode),
    Dir(DirNode),
}

#[derive(Clone, Debug, Default)]
pub(super) struct FileNode {
    pub(super) durable: Vec<u8>,
    /// What a process reads: what is durable, and all pending changes.
    pub(super) current: Vec<u8>,
    pub(super) pending: Vec<Change>,
    taken_bytes: u64,
    links: usize,
}

#[derive(Clone, Debug)]
pub(super) enum Change {
    Write { at: u64, bytes: Arc<[u8]> },
    Len(u64),
}

pub(super) type Names = BTreeMap<OsString, usize>;

#[derive(Clone, Debug, Default)]
pub(super) struct DirNode {
    pub(super) durable: Names,
    pub(super) current: Names,
    pub(super) pending: Vec<NameChange>,
}

#[derive(Clone, Debug)]
pub(super) enum NameChange {
    Set(OsString, usize),
    Unset(OsString),
    Move { from: OsString, to: OsString, node: usize },
}

impl Default for Disk {
    fn default() -> Self {
        Self { nodes: vec![Node::Dir(DirNode::default())] }
    }
}

impl Disk {
    /// Makes a change, and returns the node of what it made.
    pub(super) fn apply(&mut self, op: &Op) -> io::Result<Option<usize>> {
        match op {
            Op::CreateDir(path) => return self.create(path, Node::Dir(DirNode::default())).map(Some),
            Op::Create(path) => return self.create(path, Node::File(FileNode::default())).map(Some),
            Op::Write { node, at, bytes } => self.file_mut(*node)?.write(*at, bytes),
            Op::Len { node, bytes, room } => self.file_mut(*node)?.set_len(*bytes, *room),
            Op::Flip { node, at, mask } => self.file_mut(*node)?.flip(*at, *mask)?,
            Op::Sync(node) => self.sync(*node),
            Op::FailSync { node, seed, evicted } => self.fail_sync(*node, *seed, *evicted),
            Op::Rename(from, to) => self.rename(from, to)?,
            Op::Link(from, to) => {
                let node = self.find(from)?;
                self.add_name(to, node)?;
                self.file_mut(node)?.links += 1;
            }
            Op::Remove(path) => {
                let node = self.find(path)?;
                self.file(node)?;
                let (dir, name) = self.parent(path)?;
                self.dir_mut(dir)?.change(NameChange::Unset(name));
                self.unlink(node);
            }
        }
        Ok(None)
    }

    pub(super) fn find(&self, path: &Path) -> io::Result<usize> {
        let mut node = 0;
        for component in path.components() {
            if let Component::Normal(name) = component {
                node = *self.dir(node)?.current.get(name).ok_or(io::ErrorKind::NotFound)?;
            }
        }
        Ok(node)
    }

    pub(super) fn file(&self, node: usize) -> io::Result<&FileNode> {
        match &self.nodes[node] {
            Node::File(file) => Ok(file),
            Node::Dir(_) => Err(io::ErrorKind::IsADirectory.into()),
        }
    }

    pub(super) fn dir(&self, node: usize) -> io::Result<&DirNode> {
        match &self.nodes[node] {
            Node::Dir(dir) => Ok(dir),
            Node::File(_) => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    /// Bytes that the files take which have a name.
    pub(super) fn used_bytes(&self) -> u64 {
        let files = self.nodes.iter().filter_map(|node| match node {
            Node::File(file) if file.links > 0 => Some(file.taken_bytes),
            _ => None,
        });
        files.sum()
    }

    fn file_mut(&mut self, node: usize) -> io::Result<&mut FileNode> {
        match &mut self.nodes[node] {
            Node::File(file) => Ok(file),
            Node::Dir(_) => Err(io::ErrorKind::IsADirectory.into()),
        }
    }

    fn dir_mut(&mut self, node: usize) -> io::Result<&mut DirNode> {
        match &mut self.nodes[node] {
            Node::Dir(dir) => Ok(dir),
            Node::File(_) => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    fn parent(&self, path: &Path) -> io::Result<(usize, OsString)> {
        let name = path.file_name().map(OsStr::to_owned).ok_or(io::ErrorKind::InvalidInput)?;
        Ok((self.find(path.parent().unwrap_or(Path::new("")))?, name))
    }

    fn create(&mut self, path: &Path, mut node: Node) -> io::Result<usize> {
        if let Node::File(file) = &mut node {
            file.links = 1;
        }
        let made = self.nodes.len();
        self.add_name(path, made)?;
        self.nodes.push(node);
        Ok(made)
    }

    fn add_name(&mut self, path: &Path, node: usize) -> io::Result<()> {
        let (dir, name) = self.parent(path)?;
        let dir = self.dir_mut(dir)?;
        if dir.current.contains_key(&name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        dir.change(NameChange::Set(name, node));
        Ok(())
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let node = self.find(from)?;
        let ((dir, from), (to_dir, to)) = (self.parent(from)?, self.parent(to)?);
        if dir != to_dir {
            return Err(io::ErrorKind::CrossesDevices.into()); // nobody needs it
        }
        let dir = self.dir_mut(dir)?;
        let replaced = dir.current.get(&to).copied();
        dir.change(NameChange::Move { from, to, node });
        if let Some(replaced) = replaced {
            self.unlink(replaced);
        }
        Ok(())
    }

    fn unlink(&mut self, node: usize) {
        if let Node::File(file) = &mut self.nodes[node] {
            file.links = file.links.saturating_sub(1);
        }
    }

    fn sync(&mut self, node: usize) {
        match &mut self.nodes[node] {
            Node::File(file) => {
                // Not simply the current state: after a failed sync that may hold what will never be written.
                for change in file.pending.drain(..) {
                    match change {
                        Change::Write { at, bytes } => overwrite(&mut file.durable, at as usize, &bytes),
                        Change::Len(bytes) => file.durable.resize(bytes as usize, 0),
                    }
                }
            }
            Node::Dir(dir) => {
                for change in dir.pending.drain(..) {
                    change.apply(&mut dir.durable);
                }
            }
        }
    }

    /// Some changes reach the disk, and those that do not are nobody's business any more.
    fn fail_sync(&mut self, node: usize, seed: u64, evicted: bool) {
        let chooser: &mut dyn Chooser = &mut Seeded::new(seed);
        match &mut self.nodes[node] {
            Node::File(file) => {
                file.durable = file.survivor(super::survive::SECTOR_BYTES, chooser);
                file.pending.clear();
                if evicted {
                    file.current.clone_from(&file.durable);
                }
            }
            // A file system that cannot write its own structures stops altogether; it does not forget about them.
            Node::Dir(_) => {}
        }
    }
}

impl FileNode {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.current
    }

    pub(super) fn taken_bytes(&self) -> u64 {
        self.taken_bytes
    }

    pub(super) fn read(&self, bytes: &mut [u8], offset: u64) -> usize {
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(self.current.len());
        let count = bytes.len().min(self.current.len() - from);
        bytes[..count].copy_from_slice(&self.current[from..from + count]);
        count
    }

    /// What a restart finds: all that is on the disk, and nothing pending.
    pub(super) fn settled(durable: Vec<u8>, links: usize) -> Self {
        Self {
            taken_bytes: durable.len() as u64,
            current: durable.clone(),
            durable,
            pending: Vec::new(),
            links,
        }
    }

    pub(super) fn links(&self) -> usize {
        self.links
    }

    fn write(&mut self, at: u64, bytes: &Arc<[u8]>) {
        overwrite(&mut self.current, at as usize, bytes);
        self.taken_bytes = self.taken_bytes.max(at + bytes.len() as u64);
        self.pending.push(Change::Write { at, bytes: Arc::clone(bytes) });
    }

    fn set_len(&mut self, bytes: u64, room: bool) {
        self.taken_bytes = if room { self.taken_bytes.max(bytes) } else { self.taken_bytes.min(bytes) };
        self.current.resize(bytes as usize, 0);
        self.pending.push(Change::Len(bytes));
    }

    fn flip(&mut self, at: u64, mask: u8) -> io::Result<()> {
        let at = usize::try_from(at).map_err(io::Error::other)?;
        *self.current.get_mut(at).ok_or(io::ErrorKind::InvalidInput)? ^= mask;
        if let Some(byte) = self.durable.get_mut(at) {
            *byte ^= mask;
        }
        Ok(())
    }
}

/// Writes at an offset, with zeros in between if it is beyond the end.
pub(super) fn overwrite(file: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    let end = at + bytes.len();
    if file.len() < end {
        file.resize(end, 0);
    }
    file[at..end].copy_from_slice(bytes);
}

impl DirNode {
    pub(super) fn names(&self) -> impl Iterator<Item = &OsString> {
        self.current.keys()
    }

    pub(super) fn settled(durable: Names) -> Self {
        Self { current: durable.clone(), durable, pending: Vec::new() }
    }

    fn change(&mut self, change: NameChange) {
        change.apply(&mut self.current);
        self.pending.push(change);
    }
}

impl NameChange {
    pub(super) fn apply(&self, names: &mut Names) {
        match self {
            Self::Set(name, node) => drop(names.insert(name.clone(), *node)),
            Self::Unset(name) => drop(names.remove(name)),
            Self::Move { from, to, node } => {
                // Its own making may not have survived: then the rename brings the file all the same, under its new name.
                if names.get(from) == Some(node) {
                    names.remove(from);
                }
                names.insert(to.clone(), *node);
            }
        }
    }
}
