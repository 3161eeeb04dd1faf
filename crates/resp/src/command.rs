//! The client's requests.

use crate::number::write_integer;

/// Appends a request to `out`: an array of bulk strings, which every server understands.
///
/// The first argument is the command's name. A request without arguments is one that servers skip and never answer.
///
/// Cost: O(bytes), no allocation beside the growth of `out`.
///
/// ```
/// let mut out = Vec::new();
/// nuthatch_resp::encode_command(&mut out, ["GET", "key"]);
/// assert_eq!(out, b"*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n");
/// ```
pub fn encode_command<I>(out: &mut Vec<u8>, arguments: I)
where
    I: IntoIterator<Item: AsRef<[u8]>, IntoIter: ExactSizeIterator>,
{
    let arguments = arguments.into_iter();
    header(out, b'*', arguments.len());
    for argument in arguments {
        let argument = argument.as_ref();
        header(out, b'$', argument.len());
        out.extend_from_slice(argument);
        out.extend_from_slice(b"\r\n");
    }
}

fn header(out: &mut Vec<u8>, kind: u8, len: usize) {
    out.push(kind);
    write_integer(out, len as i64); // no object in memory is longer than i64::MAX
    out.extend_from_slice(b"\r\n");
}
