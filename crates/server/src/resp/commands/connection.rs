//! Commands about the connection itself.

use nuthatch_resp::{Protocol, parse_integer};

use crate::resp::{
    arguments::is,
    command::Call,
    error::{CommandError, Shown},
};

type Result = std::result::Result<(), CommandError>;

/// The one user there is.
const USER: &[u8] = b"default";

pub(crate) fn ping(call: &mut Call<'_>) -> Result {
    match call.request.len() {
        1 => call.reply.simple("PONG"),
        2 => call.reply.bulk(&call.request[1]),
        _ => return Err(CommandError::WrongArity { name: "ping" }),
    }
    Ok(())
}

pub(crate) fn echo(call: &mut Call<'_>) -> Result {
    call.reply.bulk(&call.request[1]);
    Ok(())
}

pub(crate) fn quit(call: &mut Call<'_>) -> Result {
    call.session.quit();
    call.reply.ok();
    Ok(())
}

pub(crate) fn select(call: &mut Call<'_>) -> Result {
    match call.integer(1)? {
        0 => call.reply.ok(),
        _ => return Err(CommandError::NoSuchDatabase),
    }
    Ok(())
}

pub(crate) fn auth(call: &mut Call<'_>) -> Result {
    let request = call.request;
    let (user, password) = match request.len() {
        2 if !call.context.needs_password() => return Err(CommandError::NoPasswordSet),
        2 => (USER, &request[1]),
        3 => (&request[1], &request[2]),
        _ => return Err(CommandError::Syntax),
    };
    authenticate(call, user, password)?;
    call.reply.ok();
    Ok(())
}

fn authenticate(call: &mut Call<'_>, user: &[u8], password: &[u8]) -> Result {
    if user != USER || !call.context.accepts(password) {
        return Err(CommandError::WrongPassword);
    }
    call.session.authenticate();
    Ok(())
}

pub(crate) fn hello(call: &mut Call<'_>) -> Result {
    let mut protocol = call.session.protocol;
    if let Some(version) = call.request.get(1) {
        protocol = match parse_integer(version) {
            Some(2) => Protocol::Resp2,
            Some(3) => Protocol::Resp3,
            Some(_) => return Err(CommandError::UnsupportedProtocol),
            None => return Err(CommandError::InvalidProtocol),
        };
    }
    let mut name = None;
    let mut at = 2;
    while let Some(option) = call.request.get(at) {
        let (first, second) = (call.request.get(at + 1), call.request.get(at + 2));
        match (first, second) {
            (Some(user), Some(password)) if is(option, "AUTH") => {
                authenticate(call, user, password)?;
                at += 3;
            }
            (Some(given), _) if is(option, "SETNAME") => {
                name = Some(client_name(given)?);
                at += 2;
            }
            _ => return Err(CommandError::HelloSyntax { option: Shown::new(option) }),
        }
    }
    if !call.session.is_authenticated() {
        return Err(CommandError::HelloNotAuthenticated);
    }
    call.session.name = name.unwrap_or_else(|| std::mem::take(&mut call.session.name));
    call.session.protocol = protocol;
    let id = call.session.id;
    call.reply.set_protocol(protocol);
    call.reply.map(7);
    for (key, value) in [("server", "redis"), ("version", super::server::REDIS_VERSION)] {
        call.reply.bulk(key);
        call.reply.bulk(value);
    }
    call.reply.bulk("proto");
    call.reply.integer(if protocol == Protocol::Resp3 { 3 } else { 2 });
    call.reply.bulk("id");
    call.reply.integer(i64::try_from(id).unwrap_or(i64::MAX));
    for (key, value) in [("mode", "standalone"), ("role", "master")] {
        call.reply.bulk(key);
        call.reply.bulk(value);
    }
    call.reply.bulk("modules");
    call.reply.array(0);
    Ok(())
}

pub(crate) fn client(call: &mut Call<'_>) -> Result {
    let subcommand = &call.request[1];
    match (call.request.len(), subcommand) {
        (2, name) if is(name, "ID") => {
            call.reply.integer(i64::try_from(call.session.id).unwrap_or(i64::MAX));
        }
        (2, name) if is(name, "GETNAME") => match call.session.name.is_empty() {
            true => call.reply.null(),
            false => call.reply.bulk(&call.session.name),
        },
        (3, name) if is(name, "SETNAME") => {
            call.session.name = client_name(&call.request[2])?;
            call.reply.ok();
        }
        // The library's name and version are taken and not kept: nothing shows them yet.
        (4, name) if is(name, "SETINFO") => {
            if !is(&call.request[2], "LIB-NAME") && !is(&call.request[2], "LIB-VER") {
                return Err(CommandError::Syntax);
            }
            client_name(&call.request[3])?;
            call.reply.ok();
        }
        (_, name) => {
            let known = [
                ("ID", "client|id"),
                ("GETNAME", "client|getname"),
                ("SETNAME", "client|setname"),
                ("SETINFO", "client|setinfo"),
            ];
            return Err(match known.into_iter().find(|(known, _)| is(name, known)) {
                Some((_, name)) => CommandError::WrongArity { name },
                None => CommandError::UnknownSubcommand { command: "CLIENT", name: Shown::new(name) },
            });
        }
    }
    Ok(())
}

fn client_name(name: &[u8]) -> std::result::Result<Vec<u8>, CommandError> {
    let printable = name.iter().all(u8::is_ascii_graphic);
    printable.then(|| name.to_vec()).ok_or(CommandError::InvalidClientName)
}
