//! RESP2 and RESP3, the protocol of Redis, as a codec without I/O.
//!
//! **Server side.** [`RequestParser`] turns a read buffer into requests whose arguments are slices of that buffer;
//! [`Writer`] appends replies to an output buffer, in the dialect ([`Protocol`]) the client chose with `HELLO`.
//!
//! ```
//! use nuthatch_resp::{Protocol, RequestParser, Writer};
//!
//! let mut parser = RequestParser::default();
//! let mut out = Vec::new();
//! let received = b"*2\r\n$3\r\nGET\r\n$3\r\nkey\r\nPING\r\n*1\r\n$4\r\nPI"; // two requests and a half
//! let mut consumed = 0;
//! while let Some(request) = parser.parse(received, &mut consumed)? {
//!     let mut reply = Writer::new(&mut out, Protocol::Resp2);
//!     match request.name() {
//!         b"GET" => reply.bulk(&request[1]),
//!         _ => reply.simple("PONG"),
//!     }
//! }
//! assert_eq!(out, b"$3\r\nkey\r\n+PONG\r\n");
//! assert_eq!(&received[consumed..], b"*1\r\n$4\r\nPI"); // keep these, read more behind them
//! # Ok::<(), nuthatch_resp::ProtocolError>(())
//! ```
//!
//! **Client side.** [`encode_command`] writes a request; [`Decoder`] builds [`Value`]s from replies of either dialect;
//! [`Token::read`] looks at one scalar or header in place, for callers that count replies rather than keep them.
//!
//! Everything is incremental: bytes may arrive cut at any place, a frame is never read again from its start, and memory
//! is bounded by what was received, not by what a peer announced. There is no socket, no clock and no `unsafe` here.

mod command;
mod decoder;
mod double;
mod inline;
mod limits;
mod number;
mod parser;
mod protocol_error;
mod request;
mod token;
mod value;
mod writer;

pub use command::encode_command;
pub use decoder::{DecodeError, DecodeLimits, Decoder};
pub use double::write_double;
pub use limits::Limits;
pub use number::{parse_integer, write_integer};
pub use parser::RequestParser;
pub use protocol_error::ProtocolError;
pub use request::{Arguments, Batch, Request};
pub use token::{Aggregate, Token};
pub use value::Value;
pub use writer::{Protocol, Writer};
