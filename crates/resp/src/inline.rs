//! Inline requests: a line of words, as typed into `telnet`.
//!
//! Words are split at blanks. Quotes keep blanks: `"..."` knows the escapes `\xHH \n \r \t \b \a` and `\` before
//! anything else for that byte itself; `'...'` knows only `\'`. A quote may open inside a word, but a closing quote must
//! end it. These are the rules of `sdssplitargs` in Redis, except that a zero byte is a byte like any other.

use crate::request::Span;

/// A quote that is not closed, or closed in the middle of a word.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unbalanced;

/// Splits `line` into words: their bytes are appended to `unquoted`, their places there to `spans`.
///
/// O(n). Cheap enough for people and health checks, to whom this protocol is left: every byte is copied.
pub(crate) fn split_words(
    line: &[u8],
    unquoted: &mut Vec<u8>,
    spans: &mut Vec<Span>,
) -> Result<(), Unbalanced> {
    let mut rest = line;
    loop {
        while let [first, tail @ ..] = rest
            && is_blank(*first)
        {
            rest = tail;
        }
        if rest.is_empty() {
            return Ok(());
        }
        let start = unquoted.len();
        rest = take_word(rest, unquoted)?;
        spans.push(Span::new(start, unquoted.len() - start));
    }
}

/// Appends the word that `rest` starts with; returns what follows it.
fn take_word<'a>(mut rest: &'a [u8], word: &mut Vec<u8>) -> Result<&'a [u8], Unbalanced> {
    while let [first, tail @ ..] = rest {
        rest = match first {
            b' ' | b'\n' | b'\r' | b'\t' => return Ok(rest),
            b'"' => return closed(take_double_quoted(tail, word)?),
            b'\'' => return closed(take_single_quoted(tail, word)?),
            &byte => {
                word.push(byte);
                tail
            }
        };
    }
    Ok(rest)
}

/// Appends what stands before the closing `"`; returns what follows it.
fn take_double_quoted<'a>(mut rest: &'a [u8], word: &mut Vec<u8>) -> Result<&'a [u8], Unbalanced> {
    loop {
        let (byte, tail) = match rest {
            [b'"', tail @ ..] => return Ok(tail),
            [b'\\', b'x', high, low, tail @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                (hex(*high) << 4 | hex(*low), tail)
            }
            [b'\\', escaped, tail @ ..] => (unescape(*escaped), tail),
            [byte, tail @ ..] => (*byte, tail),
            [] => return Err(Unbalanced),
        };
        word.push(byte);
        rest = tail;
    }
}

/// Appends what stands before the closing `'`; returns what follows it.
fn take_single_quoted<'a>(mut rest: &'a [u8], word: &mut Vec<u8>) -> Result<&'a [u8], Unbalanced> {
    loop {
        let (byte, tail) = match rest {
            [b'\'', tail @ ..] => return Ok(tail),
            [b'\\', b'\'', tail @ ..] => (b'\'', tail),
            [byte, tail @ ..] => (*byte, tail),
            [] => return Err(Unbalanced),
        };
        word.push(byte);
        rest = tail;
    }
}

/// Nothing but a blank may follow a closing quote.
fn closed(rest: &[u8]) -> Result<&[u8], Unbalanced> {
    match rest {
        [first, ..] if !is_blank(*first) => Err(Unbalanced),
        _ => Ok(rest),
    }
}

/// C's `isspace`, which counts the vertical tab that Rust's `is_ascii_whitespace` leaves out.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

fn unescape(byte: u8) -> u8 {
    match byte {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 0x08,
        b'a' => 0x07,
        other => other,
    }
}

fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit - b'A' + 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Request;

    fn words(line: &[u8]) -> Result<Vec<Vec<u8>>, Unbalanced> {
        let (mut unquoted, mut spans) = (b"earlier".to_vec(), Vec::new());
        split_words(line, &mut unquoted, &mut spans)?;
        if spans.is_empty() {
            return Ok(Vec::new());
        }
        Ok(Request::new(&unquoted, &spans).iter().map(<[u8]>::to_vec).collect())
    }

    #[test]
    fn words_are_split_at_blanks_and_unquoted() {
        let cases: &[(&[u8], &[&[u8]])] = &[
            (b"", &[]),
            (b" \t\x0b ", &[]),
            (b"  SET  key value ", &[b"SET", b"key", b"value"]),
            (b"a\tb\rc", &[b"a", b"b", b"c"]),
            (b"\"hello world\"", &[b"hello world"]),
            (br#"SET "" ''"#, &[b"SET", b"", b""]),
            (br#""\x00\xfF\n\r\t\b\a\\\"\q""#, &[b"\x00\xff\n\r\t\x08\x07\\\"q"]),
            (br#""\xg0""#, &[b"xg0"]),
            (br"'a\'b\n' c", &[br"a'b\n", b"c"]),
            (br#"fo"o b" ar"#, &[b"foo b", b"ar"]),
            (b"\0 \0", &[b"\0", b"\0"]),
            ("schlüssel".as_bytes(), &["schlüssel".as_bytes()]),
        ];
        for (line, expected) in cases {
            let expected: Vec<Vec<u8>> = expected.iter().map(|word| word.to_vec()).collect();
            assert_eq!(words(line), Ok(expected), "{}", line.escape_ascii());
        }
    }

    #[test]
    fn quotes_must_close_at_the_end_of_a_word() {
        for line in [
            r#""foo"#,
            r#"'foo"#,
            r#""foo"bar"#,
            r#"'foo'bar"#,
            r#"fo"o b"ar"#,
            r#""foo\""#,
            r#"set """test-key""" value"#,
            r#"""""#,
        ] {
            assert_eq!(words(line.as_bytes()), Err(Unbalanced), "{line}");
        }
    }
}
