//! Tables and JSON lines of all sorts: what a request says ends up in the field that it belongs to.

use nuthatch_trace::{Format, Op, Options, Request, Trace};

fn options(columns: &str) -> Options {
    Options::new().columns(columns.parse().unwrap())
}

fn read(options: &Options, text: &'static str) -> Vec<Request> {
    options.read("test", text.as_bytes()).unwrap().collect::<Result<_, _>>().unwrap()
}

fn error(options: &Options, text: &'static str) -> String {
    let requests = options.read("test", text.as_bytes()).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    requests.unwrap_err().to_string()
}

fn request(key: u64, size: u64, op: Op, ttl_s: Option<u32>, time_us: Option<u64>) -> Request {
    let mut request = Request::new(key, size);
    (request.op, request.ttl_s, request.time_us) = (op, ttl_s, time_us);
    request
}

#[test]
fn published_tables_are_understood_by_their_headers() {
    let auto = Options::new();
    let cloud_physics = "version,time,op,size,lbn\n1,5633898,2a,512,42932745\n1,5633899,28,1024,7\n";
    assert_eq!(
        read(&auto, cloud_physics),
        [
            request(42_932_745, 512, Op::Write, None, Some(5_633_898_000_000)),
            request(7, 1024, Op::Read, None, Some(5_633_899_000_000)),
        ]
    );
    let big_cache = "timestamp,cacheKey,OpType,objectSize,responseSize,TTL,SamplingRate\n\
        10,1,1,900,5,1209600,0.001\n11,2,1,-1,5,-1,0.001\n";
    assert_eq!(
        read(&auto, big_cache),
        [
            request(1, 900, Op::Read, Some(1_209_600), Some(10_000_000)),
            request(2, 0, Op::Read, None, Some(11_000_000)),
        ]
    );
    let kv = "op_time,key,key_size,op,op_count,size,cache_hits,ttl,usecase\n\
        5,1,48,GET_LEASE,2,87,1,0,3\n6,1,48,SET,1,87,0,300,3\n7,1,48,DELETE,1,0,0,0,3\n";
    let get = request(1, 87, Op::Read, None, Some(5_000_000));
    assert_eq!(
        read(&auto, kv),
        [
            get,
            get,
            request(1, 87, Op::Write, Some(300), Some(6_000_000)),
            request(1, 0, Op::Delete, None, Some(7_000_000)),
        ]
    );
}

#[test]
fn twitter_has_no_header_and_counts_the_key_into_the_size() {
    let lines = "0,5,2,304,117,get,0\n0,\"q,2,8,1,set,86400\n3,5,2,0,117,incr,0\n4,5,2,0,117,delete,0\n";
    let found = read(&Options::new(), lines);
    let quoted = found[1].key;
    assert_eq!(
        found,
        [
            request(5, 306, Op::Read, None, Some(0)),
            request(quoted, 10, Op::Write, Some(86400), Some(0)),
            request(5, 2, Op::Write, None, Some(3_000_000)),
            request(5, 2, Op::Delete, None, Some(4_000_000)),
        ]
    );
    assert_eq!(Trace::from_reader("test", lines.as_bytes(), Format::Auto).unwrap().format(), Format::Twitter);
}

#[test]
fn columns_chosen_by_number_need_no_header_and_skip_one() {
    let by_number = options("time=1,key=2,size=3+4,op=6,ttl=7");
    let row = "3,9,2,30,x,set,60\n";
    let expected = [request(9, 32, Op::Write, Some(60), Some(3_000_000))];
    assert_eq!(read(&by_number, row), expected);
    assert_eq!(read(&by_number, "when,what,a,b,c,how,life\n3,9,2,30,x,set,60\n"), expected);
    // Only a key: a header can be told by a usual name.
    assert_eq!(read(&options("key=2"), "1,2\n3,4\n"), [Request::new(2, 1), Request::new(4, 1)]);
    assert_eq!(read(&options("key=2"), "time,key\n3,4\n"), [request(4, 1, Op::Read, None, Some(3_000_000))]);
}

#[test]
fn a_malformed_first_row_is_no_header() {
    let message = error(&options("key=1,size=2,time=3"), "5,x,7\n6,1,8\n");
    assert_eq!(message, "test:1: expected a decimal size in bytes, found \"x\"");
}

#[test]
fn columns_chosen_by_name_leave_the_others_as_usual() {
    let text = "url,id,size,op\n8,1,10,set\n";
    assert_eq!(read(&options("key=url"), text), [request(8, 10, Op::Write, None, None)]);
    assert_eq!(read(&options("key=url,op=none,size=none"), text), [Request::new(8, 1)]);
    assert_eq!(read(&options("key=URL"), text)[0].key, 8);
}

#[test]
fn times_have_units() {
    let seconds = |text| read(&Options::new(), text)[0].time_us;
    assert_eq!(seconds("time,key\n1.5,1\n"), Some(1_500_000));
    assert_eq!(seconds("timestamp_ms,key\n1500,1\n"), Some(1_500_000));
    assert_eq!(seconds("time_ns,key\n1500,1\n"), Some(1));
    assert_eq!(read(&options("key=k,time=t:ms"), "t,k\n1500,1\n")[0].time_us, Some(1_500_000));
}

#[test]
fn other_delimiters_are_found_or_told() {
    let expected = [Request::new(4, 20), Request::new(5, 30)];
    for text in [
        "key\tsize\n4\t20\n5\t30\n",
        "key;size\n4;20\n5;30\n",
        "key|size\n4|20\n5|30\n",
        "key size\n 4   20\n5 30 \n",
    ] {
        assert_eq!(read(&Options::new(), text), expected, "{text}");
    }
    assert_eq!(read(&options("key=1,size=2"), "4 20\n5  30\n"), expected);
    let told = Options::new().format(Format::Csv).delimiter(Some(b'/'));
    assert_eq!(read(&told, "key/size\n4/20\n5/30\n"), expected);
}

/// As spreadsheets export it.
#[test]
fn a_byte_order_mark_is_no_part_of_the_first_name() {
    let text = "\u{feff}key,size\r\n4,20\r\n5,30\r\n";
    assert_eq!(read(&Options::new(), text), [Request::new(4, 20), Request::new(5, 30)]);
    assert_eq!(read(&Options::new().format(Format::Lirs), "\u{feff}4\n"), [Request::new(4, 1)]);
    // A key of any bytes may begin with one.
    let keys = read(&Options::new().format(Format::Keys), "\u{feff}4\n4\n");
    assert_ne!(keys[0].key, keys[1].key);
    // Four bytes of a binary key are a key, whatever they look like.
    assert_eq!(read(&Options::new().format(Format::U32be), "\u{feff}4")[0].key, 0xefbb_bf34);
}

#[test]
fn json_lines_keep_what_a_cache_needs() {
    let text = "{\"time\":1.5,\"key\":4,\"size\":20,\"op\":\"SET\",\"ttl\":60,\"deep\":{\"key\":[1,{}]}}\n\n\
        {\"id\":9,\"key\":\"5\",\"size\":\"30\",\"ttl\":null}\n";
    let expected =
        [request(4, 20, Op::Write, Some(60), Some(1_500_000)), request(5, 30, Op::Read, None, None)];
    assert_eq!(read(&Options::new(), text), expected);
    let url = options("key=url,size=head+body,time=at:ms");
    let text =
        "{\"url\":\"/a\",\"head\":1,\"body\":2,\"at\":7,\"key\":3,\"size\":9}\n{\"url\":\"/a\",\"body\":5}\n";
    let found = read(&url, text);
    assert_eq!(found[0].key, found[1].key);
    assert_eq!((found[0].size, found[0].time_us, found[1].size), (3, Some(7000), 5));
}

#[test]
fn columns_that_are_not_there_are_named() {
    for (columns, text, expected) in [
        ("key=uri", "url,size\na,1\n", "test:1: no column uri for the key; there are 2: url,size"),
        ("key=url,size=9", "url,size\na,1\n", "test:1: no column 9 for the size; there are 2: url,size"),
        ("key=1,size=3", "a,1\n", "test:1: no column 3 for the size; there are 2: a,1"),
        ("key=1", "{\"key\":1}\n", "test: JSON fields have names, not numbers"),
        (
            "key=url",
            "{\"key\":1}\n",
            "test:1: expected a JSON object with a key field such as \"url\", found",
        ),
    ] {
        let message = error(&options(columns), text);
        assert!(message.starts_with(expected), "{columns}: {message}");
    }
    let lis = options("key=1").format(Format::Lis);
    assert_eq!(
        error(&lis, "1 1 0 0\n"),
        "test: the format \"lis\" has no columns to choose; only csv and jsonl have"
    );
}
