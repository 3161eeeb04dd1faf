//! The servers that are compared.

use std::{
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Instant,
};

use tempfile::TempDir;

use crate::support::{PATIENCE, Resp, Server};

/// A real Redis on a socket of its own.
pub(crate) struct Redis {
    child: Child,
    dir: TempDir,
}

impl Redis {
    pub(crate) fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let child = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket", "redis.sock"])
            .current_dir(dir.path())
            .stdout(Stdio::null())
            .spawn()
            .expect("these tests compare with a real Redis: install redis-server");
        let redis = Self { child, dir };
        let started = Instant::now();
        while Resp::over_unix(&redis.socket()).is_err() {
            assert!(
                started.elapsed() < PATIENCE,
                "redis-server does not answer on {}",
                redis.socket().display()
            );
            std::thread::yield_now();
        }
        redis
    }

    fn socket(&self) -> PathBuf {
        self.dir.path().join("redis.sock")
    }

    pub(crate) fn connect(&self) -> Resp {
        Resp::over_unix(&self.socket()).unwrap()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Ours, by what is underneath.
pub(crate) struct Subjects {
    pub(crate) servers: [(&'static str, Server); 2],
    _dir: TempDir,
}

impl Subjects {
    pub(crate) fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let servers = [
            ("in memory", Server::in_memory(&[])),
            ("mostly from the log", Server::on_log(dir.path(), &["--max-entries", "2", "--sync", "never"])),
        ];
        Self { servers, _dir: dir }
    }
}
