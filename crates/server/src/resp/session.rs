//! What the server remembers of a connection between its requests.

use std::sync::atomic::Ordering::Relaxed;

use nuthatch_resp::{Protocol, Request, Writer};

use super::{
    command::{Call, Command, Flag},
    error::CommandError,
};
use crate::context::Context;

/// One client's state.
pub(crate) struct Session {
    pub(crate) id: u64,
    pub(crate) protocol: Protocol,
    pub(crate) name: Vec<u8>,
    authenticated: bool,
    authentication_changed: bool,
    written: bool,
    quit: bool,
}

impl Session {
    pub(crate) fn new(context: &Context) -> Self {
        Self {
            id: context.next_client(),
            protocol: Protocol::Resp2,
            name: Vec::new(),
            authenticated: !context.needs_password(),
            authentication_changed: false,
            written: false,
            quit: false,
        }
    }

    /// Runs one request and appends its reply to `output`.
    pub(crate) fn run(&mut self, request: Request<'_>, context: &Context, output: &mut Vec<u8>) {
        context.counters.commands.fetch_add(1, Relaxed);
        let start = output.len();
        let result = self.dispatch(request, context, output);
        if let Err(error) = result {
            // A command that fails midway leaves no half of a reply.
            output.truncate(start);
            Writer::new(output, self.protocol).error(error.to_string());
        }
    }

    fn dispatch(
        &mut self,
        request: Request<'_>,
        context: &Context,
        output: &mut Vec<u8>,
    ) -> Result<(), CommandError> {
        let Some(command) = Command::find(request.name()) else {
            if is_http(request.name()) {
                self.quit = true;
            }
            return Err(CommandError::unknown(request));
        };
        if !self.authenticated && !command.has(Flag::NoAuth) {
            return Err(CommandError::NotAuthenticated);
        }
        if !command.takes(request.len()) {
            return Err(CommandError::WrongArity { name: command.name });
        }
        self.written |= command.has(Flag::Write);
        let reply = Writer::new(output, self.protocol);
        (command.run)(&mut Call { request, session: self, context, reply })
    }

    pub(crate) const fn protocol(&self) -> Protocol {
        self.protocol
    }

    pub(crate) const fn is_authenticated(&self) -> bool {
        self.authenticated
    }

    pub(crate) const fn authenticate(&mut self) {
        self.authentication_changed |= !self.authenticated;
        self.authenticated = true;
    }

    pub(crate) const fn quit(&mut self) {
        self.quit = true;
    }

    pub(crate) const fn quits(&self) -> bool {
        self.quit
    }

    /// Whether the client has authenticated since this was last asked.
    pub(crate) const fn takes_authentication_change(&mut self) -> bool {
        std::mem::replace(&mut self.authentication_changed, false)
    }

    /// Whether a command that may write was run since this was last asked.
    pub(crate) const fn takes_written(&mut self) -> bool {
        std::mem::replace(&mut self.written, false)
    }
}

/// Whether this is the start of an HTTP request: a web page that tries to talk to a server behind a firewall through its
/// visitor's browser. The rest of it must not be run as commands.
fn is_http(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"post") || name.eq_ignore_ascii_case(b"host:")
}
