//! Requests as clients send them, well-formed and not. The malformed ones are those of Redis's own protocol tests.

use nuthatch_resp::{Limits, ProtocolError, RequestParser};

/// All requests in `input`, and the error that ended it.
fn parse_with(parser: &mut RequestParser, input: &[u8]) -> (Vec<Vec<Vec<u8>>>, Option<ProtocolError>) {
    let (mut requests, mut consumed) = (Vec::new(), 0);
    loop {
        match parser.parse(input, &mut consumed) {
            Ok(Some(request)) => requests.push(request.iter().map(<[u8]>::to_vec).collect()),
            Ok(None) => return (requests, None),
            Err(error) => return (requests, Some(error)),
        }
    }
}

fn parse(input: &[u8]) -> (Vec<Vec<Vec<u8>>>, Option<ProtocolError>) {
    parse_with(&mut RequestParser::default(), input)
}

fn request(arguments: &[&str]) -> Vec<Vec<u8>> {
    arguments.iter().map(|argument| argument.as_bytes().to_vec()).collect()
}

#[test]
fn pipelined_requests_of_both_forms_come_out_in_order() {
    let input = b"*1\r\n$4\r\nPING\r\nSET key \"a b\"\r\n*2\r\n$3\r\nGET\r\n$0\r\n\r\nQUIT\n";
    let expected =
        vec![request(&["PING"]), request(&["SET", "key", "a b"]), request(&["GET", ""]), request(&["QUIT"])];
    assert_eq!(parse(input), (expected, None));
}

#[test]
fn arguments_hold_any_bytes() {
    let (requests, error) = parse(b"*2\r\n$4\r\n\0\r\n*\r\n$3\r\n$\xff\n\r\n");
    assert_eq!((requests, error), (vec![vec![b"\0\r\n*".to_vec(), b"$\xff\n".to_vec()]], None));
}

#[test]
fn empty_requests_are_skipped_and_released() {
    let input = b"\r\n*0\r\n*-1\r\n*-10\r\n \t \r\n\n*1\r\n$4\r\nPING\r\n\r\n";
    let mut parser = RequestParser::default();
    let mut consumed = 0;
    assert_eq!(parser.parse(input, &mut consumed).unwrap().unwrap().name(), b"PING");
    assert!(parser.parse(input, &mut consumed).unwrap().is_none());
    assert_eq!(consumed, input.len());
}

#[test]
fn malformed_requests_are_refused_in_the_words_of_redis() {
    let cases: &[(&[u8], &str)] = &[
        (b"*3000000000\r\n", "Protocol error: invalid multibulk length"),
        (b"*1048577\r\n", "Protocol error: invalid multibulk length"),
        (b"*9223372036854775808\r\n", "Protocol error: invalid multibulk length"),
        (b"*\r\n", "Protocol error: invalid multibulk length"),
        (b"*blah\r\n", "Protocol error: invalid multibulk length"),
        (b"*03\r\n", "Protocol error: invalid multibulk length"),
        (b"*+3\r\n", "Protocol error: invalid multibulk length"),
        (b"*3\rx", "Protocol error: invalid multibulk length"),
        (b"*3\r\n$3\r\nSET\r\n$1\r\nx\r\nfooz\r\n", "Protocol error: expected '$', got 'f'"),
        (b"*1\r\nfoo\r\n", "Protocol error: expected '$', got 'f'"),
        (b"*1\r\n\x01", "Protocol error: expected '$', got '\\x01'"),
        (b"*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$-10\r\n", "Protocol error: invalid bulk length"),
        (b"*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$2000000000\r\n", "Protocol error: invalid bulk length"),
        (b"*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$536870913\r\n", "Protocol error: invalid bulk length"),
        (b"*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$blabla\r\n", "Protocol error: invalid bulk length"),
        (b"*1\r\n$4\r\nPINGS\r\n", "Protocol error: expected CRLF after bulk"),
        (b"*1\r\n$4\r\nPING\r\r", "Protocol error: expected CRLF after bulk"),
        (b"set \"\"\"test-key\"\"\" test-value\r\n", "Protocol error: unbalanced quotes in request"),
        (b"get 'key\r\n", "Protocol error: unbalanced quotes in request"),
    ];
    for (input, message) in cases {
        let (_, error) = parse(input);
        assert_eq!(
            error.map(|error| error.to_string()).as_deref(),
            Some(*message),
            "{}",
            input.escape_ascii()
        );
    }
}

#[test]
fn a_line_without_end_is_refused_at_its_limit() {
    let cases = [
        (&b""[..], b'a', ProtocolError::TooBigInline),
        (b"*", b'1', ProtocolError::TooBigMultibulkCount),
        (b"*\0", b'A', ProtocolError::TooBigMultibulkCount),
        (b"$\0", b'A', ProtocolError::TooBigInline),
        (b"*1\r\n$", b'1', ProtocolError::TooBigBulkCount),
    ];
    for (start, filler, expected) in cases {
        let line = start.rsplit(|byte| *byte == b'\n').next().unwrap();
        let mut input = start.to_vec();
        input.resize(start.len() + (64 << 10) - line.len(), filler);
        assert_eq!(parse(&input).1, None, "at the limit: {}", start.escape_ascii());
        input.push(filler);
        assert_eq!(parse(&input).1, Some(expected), "beyond: {}", start.escape_ascii());
        // The same whether or not the end of the line was received.
        input.extend_from_slice(b"\r\n");
        assert_eq!(parse(&input).1, Some(expected), "terminated: {}", start.escape_ascii());
    }
}

#[test]
fn a_client_that_has_not_authenticated_gets_ten_arguments_of_sixteen_kilobytes() {
    let strict = || {
        let mut parser = RequestParser::default();
        parser.set_authenticated(false);
        parser
    };
    assert_eq!(parse_with(&mut strict(), b"*10\r\n").1, None);
    assert_eq!(
        parse_with(&mut strict(), b"*11\r\n").1.unwrap().to_string(),
        "Protocol error: unauthenticated multibulk length"
    );
    assert_eq!(parse_with(&mut strict(), b"*1\r\n$16384\r\n").1, None);
    assert_eq!(
        parse_with(&mut strict(), b"*1\r\n$16385\r\n").1.unwrap().to_string(),
        "Protocol error: unauthenticated bulk length"
    );
    let mut parser = strict();
    parser.set_authenticated(true);
    assert_eq!(parse_with(&mut parser, b"*11\r\n$16385\r\n").1, None);
}

#[test]
fn the_size_of_a_whole_request_is_bounded() {
    let mut limits = Limits::default();
    limits.request_bytes_max = 32;
    let fits = b"*2\r\n$8\r\n12345678\r\n$6\r\n123456\r\n"; // 32 bytes less two
    assert_eq!(parse_with(&mut RequestParser::new(limits), fits).1, None);
    let exceeds = b"*2\r\n$8\r\n12345678\r\n$9\r\n";
    assert_eq!(parse_with(&mut RequestParser::new(limits), exceeds).1, Some(ProtocolError::TooBigRequest));
}

#[test]
fn an_error_is_final() {
    let mut parser = RequestParser::default();
    assert!(parser.parse(b"*x\r\n", &mut 0).is_err());
    assert_eq!(parser.parse(b"PING\r\n", &mut 0).unwrap_err(), ProtocolError::InvalidMultibulkLength);
}

#[test]
fn a_batch_hands_out_what_precedes_an_error_and_then_the_error() {
    let input = b"PING\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\nPING\r\n*1\r\n!";
    let mut parser = RequestParser::default();
    let mut consumed = 0;
    let first = parser.parse_batch(input, &mut consumed, 2).unwrap();
    assert_eq!(first.len(), 2);
    assert_eq!(&first.get(1).unwrap()[1], b"a");
    let second = parser.parse_batch(input, &mut consumed, 16).unwrap();
    assert_eq!(second.iter().map(|request| request.name().to_vec()).collect::<Vec<_>>(), [b"PING"]);
    let error = parser.parse_batch(input, &mut consumed, 16).unwrap_err();
    assert_eq!(error, ProtocolError::ExpectedBulk { got: b'!' });
}

#[test]
fn a_pending_argument_tells_what_it_lacks_but_is_not_trusted_with_it() {
    let mut parser = RequestParser::default();
    let mut buffer = b"*1\r\n$536870912\r\n".to_vec();
    assert!(parser.parse(&buffer, &mut 0).unwrap().is_none());
    assert_eq!(parser.missing(), (512 << 20) + 2);
    assert_eq!(parser.reserve_hint(buffer.len()), 64 << 10);
    buffer.resize(buffer.len() + (1 << 20), b'x');
    assert!(parser.parse(&buffer, &mut 0).unwrap().is_none());
    assert_eq!(parser.missing(), (511 << 20) + 2);
    assert_eq!(parser.reserve_hint(buffer.len()), buffer.len());

    let mut parser = RequestParser::default();
    assert!(parser.parse(b"*2\r\n$3\r\nab", &mut 0).unwrap().is_none());
    assert_eq!(parser.missing(), 3);
    assert!(parser.parse(b"*2\r\n$3\r\nabc\r\n$", &mut 0).unwrap().is_none());
    assert_eq!(parser.missing(), 0, "the next length is not known yet");
}
