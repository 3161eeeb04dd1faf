//! What a client is told when its command cannot be carried out, in the words that Redis uses.

use std::fmt;

use nuthatch_keyspace::KeyspaceError;
use nuthatch_resp::Request;

/// Why a command was not carried out. Its text is the error reply, code first.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    #[error("ERR unknown command '{name}', with args beginning with: {arguments}")]
    Unknown { name: Shown, arguments: String },

    #[error("ERR unknown subcommand '{name}'. Try {command} HELP.")]
    UnknownSubcommand { command: &'static str, name: Shown },

    #[error("ERR wrong number of arguments for '{name}' command")]
    WrongArity { name: &'static str },

    #[error("ERR syntax error")]
    Syntax,

    #[error("ERR Syntax error in HELLO option '{option}'")]
    HelloSyntax { option: Shown },

    #[error("ERR Unsupported option {option}")]
    UnsupportedOption { option: Shown },

    #[error("ERR NX and XX, GT or LT options at the same time are not compatible")]
    NxWithOthers,

    #[error("ERR GT and LT options at the same time are not compatible")]
    GtWithLt,

    #[error("ERR value is not an integer or out of range")]
    NotAnInteger,

    #[error("ERR decrement would overflow")]
    DecrementOverflow,

    #[error("ERR value is not a valid float")]
    NotAFloat,

    #[error("ERR invalid expire time in '{name}' command")]
    InvalidExpireTime { name: &'static str },

    #[error("ERR invalid cursor")]
    InvalidCursor,

    #[error("ERR DB index is out of range; this server has the one database 0")]
    NoSuchDatabase,

    #[error("NOAUTH Authentication required.")]
    NotAuthenticated,

    #[error(
        "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time"
    )]
    HelloNotAuthenticated,

    #[error("WRONGPASS invalid username-password pair or user is disabled.")]
    WrongPassword,

    #[error(
        "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?"
    )]
    NoPasswordSet,

    #[error("ERR Protocol version is not an integer or out of range")]
    InvalidProtocol,

    #[error("NOPROTO unsupported protocol version")]
    UnsupportedProtocol,

    #[error("ERR Client names cannot contain spaces, newlines or special characters.")]
    InvalidClientName,

    #[error("ERR Unknown option or number of arguments for CONFIG SET - '{name}'")]
    UnknownSetting { name: Shown },

    #[error("ERR CONFIG SET failed (possibly related to argument '{name}') - {why}")]
    SettingRefused { name: &'static str, why: &'static str },

    #[error("{}", keyspace_error(.0))]
    Keyspace(#[from] KeyspaceError),
}

impl CommandError {
    pub(crate) fn unknown(request: Request<'_>) -> Self {
        let mut arguments = String::new();
        for argument in request.iter().skip(1) {
            if arguments.len() >= SHOWN_MAX {
                break;
            }
            let room = argument.len().min(SHOWN_MAX - arguments.len());
            arguments.push_str(&format!("'{}' ", Shown::new(&argument[..room])));
        }
        Self::Unknown { name: Shown::new(request.name()), arguments }
    }
}

fn keyspace_error(error: &KeyspaceError) -> String {
    let code = match error {
        KeyspaceError::LargerThanMemory { .. } => "OOM",
        _ => "ERR",
    };
    let mut text = format!("{code} {error}");
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}

/// Text of a client, short enough to be shown.
#[derive(Clone, Debug)]
pub(crate) struct Shown(String);

const SHOWN_MAX: usize = 128;

impl Shown {
    pub(crate) fn new(text: &[u8]) -> Self {
        Self(String::from_utf8_lossy(&text[..text.len().min(SHOWN_MAX)]).into_owned())
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
