//! The server to drive, as named on the command line.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::net::TcpStream;

use super::connection::Connection;

/// `resp://[USER:PASSWORD@]HOST:PORT`.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    address: String,
    user: Option<String>,
    password: Option<String>,
}

impl Target {
    /// Connects and authenticates; makes sure that a server of the right kind answers.
    pub(super) async fn connect(&self) -> anyhow::Result<Connection> {
        let connecting = tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(&self.address)).await;
        let stream = match connecting {
            Ok(connected) => {
                connected.with_context(|| format!("cannot connect to {self}; is the server running?"))?
            }
            Err(_) => bail!("cannot connect to {self} within {} s", CONNECT_TIMEOUT.as_secs()),
        };
        stream.set_nodelay(true)?;
        let mut connection = Connection::new(stream);
        match tokio::time::timeout(CONNECT_TIMEOUT, self.greet(&mut connection)).await {
            Ok(greeted) => {
                greeted.with_context(|| format!("{self} is reachable but cannot be used"))?;
            }
            Err(_) => bail!("{self} accepts connections but does not answer PING; is it a RESP server?"),
        }
        Ok(connection)
    }

    async fn greet(&self, connection: &mut Connection) -> anyhow::Result<()> {
        match (&self.user, &self.password) {
            (Some(user), Some(password)) => drop(connection.ask(&["AUTH", user, password]).await?),
            (None, Some(password)) => drop(connection.ask(&["AUTH", password]).await?),
            (_, None) => {}
        }
        connection.ask(&["PING"]).await?;
        Ok(())
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(url: &str) -> Result<Self, String> {
        let rest = match url.split_once("://") {
            Some(("resp" | "redis" | "tcp", rest)) => rest,
            Some(("http" | "https", _)) => {
                return Err("HTTP servers cannot be driven yet; use resp://".to_owned());
            }
            Some((scheme, _)) => return Err(format!("unknown scheme {scheme}; use resp://HOST:PORT")),
            None => url,
        };
        let (credentials, address) = match rest.trim_end_matches('/').rsplit_once('@') {
            Some((credentials, address)) => (Some(credentials), address),
            None => (None, rest.trim_end_matches('/')),
        };
        let (user, password) = match credentials.map(|credentials| credentials.split_once(':')) {
            None => (None, None),
            Some(Some((user, password))) => {
                (Some(user.to_owned()).filter(|user| !user.is_empty()), Some(password.to_owned()))
            }
            Some(None) => return Err("credentials are USER:PASSWORD or :PASSWORD".to_owned()),
        };
        let has_port = address
            .rsplit_once(':')
            .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port != 0));
        if !has_port {
            return Err("expected resp://HOST:PORT".to_owned());
        }
        Ok(Self { address: address.to_owned(), user, password })
    }
}

impl fmt::Display for Target {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "resp://{}", self.address)
    }
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_and_shown_without_their_password() {
        let target: Target = "resp://me:pa:ss@[::1]:7000/".parse().unwrap();
        assert_eq!(target.to_string(), "resp://[::1]:7000");
        assert_eq!((target.user.as_deref(), target.password.as_deref()), (Some("me"), Some("pa:ss")));
        let target: Target = "redis://:secret@cache.local:6379".parse().unwrap();
        assert_eq!((target.user, target.password.as_deref()), (None, Some("secret")));
        assert_eq!("127.0.0.1:6379".parse::<Target>().unwrap().to_string(), "resp://127.0.0.1:6379");
    }

    #[test]
    fn other_urls_are_refused_with_what_to_write_instead() {
        for url in [
            "http://localhost:8080",
            "memcached://localhost:11211",
            "resp://localhost",
            "resp://:6379",
            "resp://a:0",
            "",
        ] {
            let error = url.parse::<Target>().unwrap_err();
            assert!(error.contains("resp://"), "{url}: {error}");
        }
    }
}
