//! What the tests of the binary share: a running server, a raw RESP connection, a small HTTP client.

#![allow(dead_code, reason = "each test takes what it needs")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of tests panics as a test does")]
#![allow(clippy::allow_attributes, reason = "whether the above fire depends on the test")]

use std::{
    env,
    fmt::Write as _,
    fs::File,
    io::{BufRead, BufReader, ErrorKind, Read, Seek, Write},
    net::{SocketAddr, TcpStream},
    os::unix::net::UnixStream,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use nuthatch_resp::{Decoder, Value, encode_command};

/// How long anything may take before a test gives up on it: long, for a machine that is busy with other things.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The binary under test, without settings from this process's environment.
pub(crate) fn nuthatch() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nuthatch"));
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("NUTHATCH_") {
            command.env_remove(name);
        }
    }
    command
}

/// What a run that ends by itself left behind.
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs the binary to its end. One that goes on, such as a server that should not have started, is killed and fails the
/// test.
pub(crate) fn run(command: &mut Command) -> Finished {
    let (mut stdout, mut stderr) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
    let mut child = command
        .stdin(Stdio::null())
        .stdout(stdout.try_clone().unwrap())
        .stderr(stderr.try_clone().unwrap())
        .spawn()
        .unwrap();
    let status = wait(&mut child);
    let text = |file: &mut File| {
        let mut text = String::new();
        file.rewind().unwrap();
        file.read_to_string(&mut text).unwrap();
        text
    };
    let (stdout, stderr) = (text(&mut stdout), text(&mut stderr));
    let status = status.unwrap_or_else(|| panic!("{command:?} did not end; it wrote {stdout}{stderr}"));
    Finished { status, stdout, stderr }
}

pub(crate) fn wait(child: &mut Child) -> Option<ExitStatus> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        if started.elapsed() > PATIENCE {
            child.kill().unwrap();
            child.wait().unwrap();
            return None;
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// A server of ours on free ports. It is killed when this is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) resp: SocketAddr,
    pub(crate) http: SocketAddr,
}

impl Server {
    /// A pure cache in memory, with these further flags.
    pub(crate) fn in_memory(flags: &[&str]) -> Self {
        Self::start(nuthatch().args(["serve", "--dir", "none"]).args(flags))
    }

    /// With a log in `dir`, with these further flags.
    pub(crate) fn on_log(dir: &Path, flags: &[&str]) -> Self {
        Self::start(nuthatch().args(["serve", "--dir"]).arg(dir).args(flags))
    }

    /// Starts `command` and waits until both doors are open.
    pub(crate) fn start(command: &mut Command) -> Self {
        // Two workers, however many this machine would give: connections shall meet on different threads.
        command.args(["--resp", "127.0.0.1:0", "--http", "127.0.0.1:0"]).env("NUTHATCH_WORKERS", "2");
        let warnings = ("NUTHATCH_LOG", "warn");
        let mut child = command.envs([warnings]).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut listening = |door: &str| -> SocketAddr {
            let line = lines.next().and_then(Result::ok).unwrap_or_default();
            let address = line.strip_prefix("listening ").and_then(|rest| rest.strip_prefix(door));
            let address = address.and_then(|address| address.trim_start().parse().ok());
            address.unwrap_or_else(|| panic!("no word that {door} listens, but {line:?}"))
        };
        let (resp, http) = (listening("resp"), listening("http"));
        Self { child, resp, http }
    }

    pub(crate) fn connect(&self) -> Resp {
        Resp::over_tcp(self.resp)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks the server to end, and says how it did.
    pub(crate) fn terminate(mut self) -> ExitStatus {
        let signal = format!("kill -TERM {}", self.pid());
        assert!(Command::new("sh").args(["-c", &signal]).status().unwrap().success());
        wait(&mut self.child).unwrap_or_else(|| panic!("the server did not end on SIGTERM"))
    }

    /// Ends the server as a crash would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A byte stream to a server.
pub(crate) trait Stream: Read + Write + Send {}

impl<S: Read + Write + Send> Stream for S {}

/// A RESP connection that shows replies as the bytes they came as.
pub(crate) struct Resp {
    stream: Box<dyn Stream>,
    received: Vec<u8>,
}

impl Resp {
    pub(crate) fn over_tcp(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream: Box::new(stream), received: Vec::new() }
    }

    pub(crate) fn over_unix(path: &Path) -> std::io::Result<Self> {
        let stream = UnixStream::connect(path)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream: Box::new(stream), received: Vec::new() })
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// The next reply, as it came.
    pub(crate) fn raw_reply(&mut self) -> Vec<u8> {
        self.next_reply().0
    }

    pub(crate) fn reply(&mut self) -> Value {
        self.next_reply().1
    }

    fn next_reply(&mut self) -> (Vec<u8>, Value) {
        let (mut decoder, mut consumed) = (Decoder::default(), 0);
        loop {
            let decoded = decoder.decode(&self.received, &mut consumed);
            if let Some(value) = decoded.unwrap_or_else(|error| panic!("{error}: {}", self.shown())) {
                let raw = self.received.drain(..consumed).collect();
                return (raw, value);
            }
            assert!(self.receive() > 0, "the server closed the connection behind {}", self.shown());
        }
    }

    fn shown(&self) -> String {
        self.received.iter().take(200).copied().collect::<Vec<_>>().escape_ascii().to_string()
    }

    /// Reads once; 0 at the end. A reset is an end too: the server did not read all that was sent.
    fn receive(&mut self) -> usize {
        let mut chunk = [0; 64 << 10];
        match self.stream.read(&mut chunk) {
            Ok(len) => {
                self.received.extend_from_slice(&chunk[..len]);
                len
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => 0,
            Err(error) => panic!("{error} while waiting for a reply behind {}", self.shown()),
        }
    }

    /// Everything until the server closes the connection.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        while self.receive() > 0 {}
        std::mem::take(&mut self.received)
    }

    /// Sends one command and returns its reply.
    pub(crate) fn call<A: AsRef<[u8]>>(&mut self, arguments: &[A]) -> Value {
        self.send(&request(arguments));
        self.reply()
    }

    /// As [`call`](Self::call), for a server that may be killed meanwhile.
    pub(crate) fn try_call<A: AsRef<[u8]>>(&mut self, arguments: &[A]) -> Option<Value> {
        self.stream.write_all(&request(arguments)).ok()?;
        let (mut decoder, mut consumed) = (Decoder::default(), 0);
        loop {
            if let Some(value) = decoder.decode(&self.received, &mut consumed).unwrap() {
                self.received.drain(..consumed);
                return Some(value);
            }
            if self.receive() == 0 {
                return None;
            }
        }
    }

    /// Sends one command, whose reply must be this text: a status, a string, a number, or an error.
    pub(crate) fn expect<A: AsRef<[u8]>>(&mut self, arguments: &[A], text: &str) {
        assert_eq!(shown(&self.call(arguments)), text, "{}", request(arguments).escape_ascii());
    }
}

/// A request on the wire.
pub(crate) fn request<A: AsRef<[u8]>>(arguments: &[A]) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_command(&mut bytes, arguments);
    bytes
}

/// A reply as `redis-cli` would show it.
pub(crate) fn shown(reply: &Value) -> String {
    let text = |bytes: &[u8]| bytes.escape_ascii().to_string().replace("\\'", "'").replace("\\\"", "\"");
    match reply {
        Value::Simple(bytes) | Value::Error(bytes) | Value::Bulk(bytes) => text(bytes),
        Value::Integer(number) => number.to_string(),
        Value::Null => "(nil)".to_owned(),
        Value::Array(values) => values.iter().fold(String::new(), |mut all, value| {
            let _ = write!(all, "{}{}", if all.is_empty() { "" } else { " " }, shown(value));
            all
        }),
        other => format!("{other:?}"),
    }
}

/// An answer to an HTTP request.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Server {
    /// One HTTP request on a connection of its own. A `Content-Length` is added if `headers` have none and there is a
    /// body.
    pub(crate) fn http(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut head = format!("{method} {target} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n");
        let told = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        for (name, value) in headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        if !told && (method == "PUT" || !body.is_empty()) {
            let _ = write!(head, "Content-Length: {}\r\n", body.len());
        }
        head.push_str("\r\n");
        self.raw_http(&[head.as_bytes(), body].concat())
    }

    /// Sends these bytes to the HTTP door and reads one answer.
    pub(crate) fn raw_http(&self, bytes: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.http).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // A server that refuses a request may stop to read it midway.
        let _ = stream.write_all(bytes);
        read_answer(&mut BufReader::new(stream), bytes.starts_with(b"HEAD "))
    }
}

/// Reads one answer, to its `Content-Length`, or else until the server closes.
pub(crate) fn read_answer(stream: &mut impl BufRead, is_head: bool) -> Answer {
    let mut line = || {
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    };
    let status_line = line();
    let status = status_line.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.unwrap_or_else(|| panic!("no status in {status_line:?}"));
    let mut headers = Vec::new();
    loop {
        let line = line();
        let Some((name, value)) = line.split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut answer = Answer { status, headers, body: Vec::new() };
    if !is_head && status != 204 && status != 304 {
        match answer.header("content-length").map(|len| len.parse().unwrap()) {
            Some(len) => {
                answer.body.resize(len, 0);
                stream.read_exact(&mut answer.body).unwrap();
            }
            None => drop(stream.read_to_end(&mut answer.body).unwrap()),
        }
    }
    answer
}

/// Numbers that look random and repeat for a seed: SplitMix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    /// Below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    pub(crate) fn pick<'t, T>(&mut self, choices: &'t [T]) -> &'t T {
        &choices[self.below(choices.len())]
    }

    pub(crate) fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next().to_le_bytes()[0]).collect()
    }
}

/// A seed that differs from run to run, or the one in `NUTHATCH_TEST_SEED`. Print it where a failure can show it.
pub(crate) fn seed() -> u64 {
    let given = env::var("NUTHATCH_TEST_SEED").ok().map(|text| text.parse().unwrap());
    given.unwrap_or_else(|| {
        u64::from(std::process::id()) << 32
            ^ u64::from(std::time::UNIX_EPOCH.elapsed().unwrap().subsec_nanos())
    })
}
