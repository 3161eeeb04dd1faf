//! The requests that are written down, and where we differ on purpose.

/// One line is one request. Lines of one script follow each other; each script starts with no keys. `""` is empty,
/// `\xHH` a byte. A line that starts with `~` gets about the same number: it depends on when it is asked. One that starts
/// with `?` gets a reply of the same shape.
pub(crate) const SCRIPTS: &[(&str, &str)] = &[
    (
        "strings",
        r#"
        GET k
        SET k v
        GET k
        get k
        GeT k
        GET
        GET k k
        SET
        SET k
        SET k ""
        GET k
        STRLEN k
        SET "" empty-key
        GET ""
        EXISTS ""
        STRLEN ""
        TYPE ""
        APPEND "" !
        GET ""
        DEL ""
        GET ""
        DEL ""
        SET \x00 zero
        SET \x00\x00 zeros
        MGET "" \x00 \x00\x00 \x00\x00\x00
        SET \xff\x00\r\n\x80 \x00\xff\r\n\x80
        GET \xff\x00\r\n\x80
        STRLEN \xff\x00\r\n\x80
        STRLEN missing
        STRLEN
        APPEND a x
        APPEND a yz
        APPEND a ""
        APPEND missing ""
        EXISTS missing
        APPEND a
        GET a
        GETSET a new
        GETSET b new
        GETSET a
        GET a
        GETDEL a
        GETDEL a
        GETDEL
        GETDEL a b
        SETNX n 1
        SETNX n 2
        SETNX n
        GET n
        DBSIZE
        DBSIZE x
        "#,
    ),
    (
        "set with options",
        r#"
        SET k v NX
        SET k w NX
        SET k w nx
        GET k
        SET k w XX
        SET missing w XX
        GET k
        GET missing
        SET k v NX XX
        SET k v XX NX
        SET k v NX NX
        SET k v XX XX
        SET k v foo
        SET k v NX foo
        SET k v GET
        SET k w GET
        SET new w GET
        SET k x GET XX
        SET k x XX GET
        SET missing x XX GET
        SET k y NX GET
        SET other y NX GET
        GET other
        SET k v GET GET
        SET k v EX 100
        ~TTL k
        SET k v PX 100000
        ~PTTL k
        SET k v EXAT 33177117420
        EXPIRETIME k
        SET k v PXAT 33177117420123
        PEXPIRETIME k
        EXPIRETIME k
        SET k w KEEPTTL
        PEXPIRETIME k
        SET k w keepttl XX GET
        PEXPIRETIME k
        SET k w
        PEXPIRETIME k
        SET fresh w KEEPTTL
        TTL fresh
        SET k v EX 10 NX
        TTL k
        SET k v EX 100 XX
        ~TTL k
        SET k v EX 100 PX 100
        SET k v EX 100 EX 100
        SET k v EX 100 KEEPTTL
        SET k v KEEPTTL KEEPTTL
        SET k v KEEPTTL EX 100
        SET k v PXAT 1 EXAT 1
        SET k v EX
        SET k v PX
        SET k v EXAT
        SET k v PXAT
        SET k v EX abc
        SET k v EX 1.5
        SET k v EX ""
        SET k v EX 0
        SET k v PX 0
        SET k v EXAT 0
        SET k v PXAT 0
        SET k v EX -1
        SET k v PX -1
        SET k v EXAT -1
        SET k v PXAT -1
        SET k v EX 9223372036854775807
        SET k v EX 9223372036854776
        SET k v EX 9223372036854775808
        SET k v PX 9223372036854775807
        SET k v EXAT 9223372036854775807
        SET k v EXAT 9223372036854776
        SET k v EX -9223372036854775808
        SET k v EX abc NX XX
        SET k v EX 0 foo
        SET k v NX GET EX abc
        GET k
        SET k v PXAT 9223372036854775807
        PEXPIRETIME k
        SET k v EXAT 9223372036854775
        EXPIRETIME k
        SET k v EXAT 1
        GET k
        EXISTS k
        SET k v
        SET k w PXAT 1 GET
        GET k
        SET k v EX 10 GET NX
        GET k
        SETEX k 100 v
        ~TTL k
        SETEX k 0 v
        SETEX k -1 v
        SETEX k abc v
        SETEX k 9223372036854775807 v
        SETEX k 100
        SETEX k 100 v x
        PSETEX k 100000 v
        ~PTTL k
        PSETEX k 0 v
        PSETEX k -1 v
        PSETEX k abc v
        PSETEX k 9223372036854775807 v
        PSETEX k 100
        SETNX k v
        ~TTL k
        GETSET k v
        TTL k
        "#,
    ),
    (
        "integers",
        r#"
        INCR n
        INCR n
        INCRBY n 40
        DECR n
        DECRBY n 41
        GET n
        INCR
        INCR n n
        INCRBY n
        INCRBY n abc
        INCRBY n 1.5
        INCRBY n ""
        INCRBY n 01
        INCRBY n +1
        INCRBY n -0
        INCRBY n 9223372036854775808
        INCRBY n 9223372036854775807
        INCR n
        INCRBY n 1
        DECRBY n -1
        GET n
        SET n -9223372036854775808
        DECR n
        DECRBY n 1
        INCRBY n -1
        DECRBY n -9223372036854775808
        DECRBY n abc
        DECRBY n
        DECRBY n 9223372036854775808
        INCRBY n 9223372036854775807
        SET n abc
        INCR n
        DECR n
        INCRBY n 1
        SET n ""
        INCR n
        SET n 1.5
        INCR n
        SET n 010
        INCR n
        SET n 9223372036854775808
        INCR n
        SET n 5 PXAT 33177117420123
        INCR n
        PEXPIRETIME n
        APPEND n 0
        PEXPIRETIME n
        INCR n
        DEL n
        DECR n
        "#,
    ),
    (
        // Sums whose digits depend on the width of the machine's floating point are in a test of their own.
        "floats",
        r#"
        INCRBYFLOAT f 0.1
        INCRBYFLOAT f 0.2
        GET f
        INCRBYFLOAT f -0.3
        INCRBYFLOAT f 0
        INCRBYFLOAT f -0.0
        INCRBYFLOAT f 5e3
        INCRBYFLOAT f 2.0e2
        INCRBYFLOAT f -5200
        INCRBYFLOAT f 10.5
        INCRBYFLOAT f 0.1
        INCRBYFLOAT f -5
        INCRBYFLOAT f 1e-5
        INCRBYFLOAT f .5
        INCRBYFLOAT f 5.
        INCRBYFLOAT f +5
        INCRBYFLOAT f 1E2
        SET f 3.0
        INCRBYFLOAT f 0
        SET f 100
        INCRBYFLOAT f 1000000000000
        INCRBYFLOAT f 1000000000000000000
        INCRBYFLOAT f 0.5
        SET f 1e17
        INCRBYFLOAT f 0.5
        SET f 1e-18
        INCRBYFLOAT f 1e-18
        SET f 0.00000000000000001
        INCRBYFLOAT f 0.00000000000000001
        SET f 9007199254740993
        INCRBYFLOAT f 1
        SET f 5 PXAT 33177117420123
        INCRBYFLOAT f 0.5
        PEXPIRETIME f
        SET f abc
        INCRBYFLOAT f 1
        INCRBYFLOAT missing abc
        INCRBYFLOAT missing ""
        INCRBYFLOAT missing 1x
        INCRBYFLOAT missing nan
        INCRBYFLOAT missing inf
        INCRBYFLOAT missing -inf
        EXISTS missing
        SET f ""
        INCRBYFLOAT f 1
        SET f "\x201"
        INCRBYFLOAT f 1
        SET f inf
        INCRBYFLOAT f 1
        SET f nan
        INCRBYFLOAT f 1
        INCRBYFLOAT f
        INCRBYFLOAT f 1 2
        "#,
    ),
    (
        "many keys at once",
        r#"
        MSET a 1 b 2 c 3
        MGET a b missing c a
        MGET missing
        MGET
        MSET
        MSET a
        MSET a 1 b
        MSET a 1 a 2
        GET a
        SET t v PXAT 33177117420123
        MSET t w
        PEXPIRETIME t
        EXISTS a b a missing
        EXISTS
        TOUCH a b a missing
        TOUCH
        DEL a missing a
        DEL
        UNLINK b c missing
        UNLINK
        DBSIZE
        MSET "" 1 \x00 2
        MGET \x00 ""
        DEL "" \x00
        "#,
    ),
    (
        "expiry",
        r#"
        EXPIRE k 100
        PEXPIRE k 100
        EXPIREAT k 33177117420
        PEXPIREAT k 33177117420123
        TTL k
        PTTL k
        EXPIRETIME k
        PEXPIRETIME k
        PERSIST k
        TYPE k
        SET k v
        TTL k
        PTTL k
        EXPIRETIME k
        PEXPIRETIME k
        PERSIST k
        TYPE k
        EXPIRE k 100
        ~TTL k
        ~PTTL k
        ~EXPIRETIME k
        ~PEXPIRETIME k
        GET k
        PERSIST k
        TTL k
        PEXPIRE k 100000
        ~PTTL k
        EXPIREAT k 33177117420
        EXPIRETIME k
        PEXPIREAT k 33177117420500
        EXPIRETIME k
        PEXPIREAT k 33177117420499
        EXPIRETIME k
        PEXPIRETIME k
        PEXPIREAT k 33177117420498 NX
        PEXPIREAT k 33177117420499 GT
        PEXPIREAT k 33177117420498 GT
        PEXPIREAT k 33177117420500 GT
        PEXPIRETIME k
        PEXPIREAT k 33177117420500 LT
        PEXPIREAT k 33177117420501 LT
        PEXPIREAT k 33177117420400 LT
        PEXPIRETIME k
        PEXPIREAT k 33177117420300 XX
        PEXPIREAT k 33177117420301 XX GT
        PEXPIREAT k 33177117420300 xx lt
        PEXPIRETIME k
        PERSIST k
        PEXPIREAT k 33177117420300 XX
        PEXPIREAT k 33177117420300 GT
        TTL k
        PEXPIREAT k 33177117420300 LT
        PERSIST k
        PEXPIREAT k 33177117420300 NX NX
        EXPIREAT k 33177117421 GT GT
        PEXPIRETIME k
        EXPIRE k 100 NX XX
        EXPIRE k 100 NX GT
        EXPIRE k 100 NX LT
        EXPIRE k 100 GT LT
        EXPIRE k 100 XX GT LT
        EXPIRE k 100 foo
        EXPIRE k 100 NX foo
        PEXPIRE k 100 ""
        EXPIREAT k 100 foo
        PEXPIREAT k 100 foo
        EXPIRE k abc NX XX
        EXPIRE k abc foo
        EXPIRE k abc
        EXPIRE k 1.5
        EXPIRE k ""
        EXPIRE k 9223372036854775807
        EXPIRE k 9223372036854776
        EXPIRE k -9223372036854775808
        EXPIRE k 9223372036854775808
        PEXPIRE k 9223372036854775807
        EXPIREAT k 9223372036854775807
        EXPIREAT k -9223372036854775808
        EXPIRE missing 9223372036854775807
        EXPIRE missing abc
        EXPIRE
        EXPIRE k
        PEXPIRE k
        EXPIREAT k
        PEXPIREAT k
        TTL
        PTTL
        EXPIRETIME
        PEXPIRETIME k k
        PERSIST
        PERSIST k k
        GET k
        PEXPIREAT k 9223372036854775807
        PEXPIRETIME k
        EXPIRE k -1
        EXISTS k
        GET k
        SET k v
        EXPIRE k 0
        GET k
        SET k v
        PEXPIRE k -9223372036854775808
        GET k
        SET k v
        EXPIREAT k 1
        GET k
        SET k v
        PEXPIREAT k 0
        GET k
        SET k v
        EXPIRE k -1 NX
        GET k
        SET k v
        EXPIRE k -1 XX
        GET k
        EXPIRE k -1 GT
        GET k
        EXPIRE k -1 LT
        GET k
        DBSIZE
        "#,
    ),
    (
        "iteration",
        r#"
        SCAN 0
        SET only v
        SCAN 0
        SCAN 0 COUNT 100
        SCAN 0 MATCH o* COUNT 100
        SCAN 0 MATCH x* COUNT 100
        SCAN 0 TYPE string COUNT 100
        SCAN 0 type STRING count 100
        SCAN 0 TYPE list COUNT 100
        SCAN 0 COUNT 1 COUNT 100
        SCAN 0 COUNT 0
        SCAN 0 COUNT -1
        SCAN 0 COUNT abc
        SCAN 0 COUNT
        SCAN 0 MATCH
        SCAN 0 TYPE
        SCAN 0 foo
        SCAN 0 foo bar
        SCAN abc
        SCAN 1.5
        SCAN 18446744073709551616
        SCAN abc COUNT abc
        SCAN
        FLUSHALL
        SCAN 0
        SET a 1
        FLUSHDB
        GET a
        SET a 1
        FLUSHALL SYNC
        SET a 1
        FLUSHALL async
        SET a 1
        FLUSHDB SYNC
        FLUSHDB ASYNC
        GET a
        FLUSHALL foo
        FLUSHDB foo
        FLUSHALL SYNC ASYNC
        FLUSHDB SYNC ASYNC
        DBSIZE
        "#,
    ),
    (
        "connection",
        r#"
        PING
        ping
        PING hello
        PING ""
        PING a b
        ECHO hello
        ECHO ""
        ECHO \x00\xff
        ECHO
        ECHO a b
        SELECT 0
        SELECT abc
        SELECT
        SELECT 0 0
        AUTH
        AUTH secret
        AUTH default secret
        AUTH someone secret
        AUTH a b c
        ?CLIENT ID
        CLIENT ID x
        CLIENT GETNAME
        CLIENT SETNAME me
        CLIENT GETNAME
        client getname
        CLIENT SETNAME ""
        CLIENT GETNAME
        CLIENT SETNAME "a\x20b"
        CLIENT SETNAME a\nb
        CLIENT SETNAME \xff
        CLIENT SETNAME
        CLIENT SETNAME a b
        CLIENT GETNAME x
        CLIENT
        CLIENT foo
        CLIENT foo bar
        HELLO 1
        HELLO 4
        HELLO abc
        HELLO 2 foo
        HELLO 2 SETNAME
        HELLO 2 AUTH
        HELLO 2 AUTH default
        HELLO 2 AUTH someone secret
        HELLO 2 SETNAME "a\x20b"
        CLIENT GETNAME
        "#,
    ),
    (
        "hello in resp2",
        r#"
        ?HELLO 2
        ?HELLO
        ?HELLO 2 SETNAME me
        CLIENT GETNAME
        ?HELLO 2 AUTH default secret
        ?HELLO 2 AUTH default secret SETNAME you
        CLIENT GETNAME
        ?HELLO 3
        GET missing
        ?HELLO
        ?HELLO 2
        GET missing
        "#,
    ),
    (
        "server",
        r#"
        ?INFO
        ?INFO server
        ?INFO SERVER clients
        INFO nothing-of-the-kind
        CONFIG
        CONFIG foo
        CONFIG foo bar
        CONFIG GET
        CONFIG SET
        CONFIG SET maxmemory
        CONFIG SET nothing-of-the-kind 1
        CONFIG SET a 1 b
        CONFIG GET nothing-of-the-kind
        CONFIG GET save
        CONFIG GET appendonl[xz]
        COMMAND foo
        COMMAND COUNT x
        COMMAND INFO nothing-of-the-kind
        COMMAND INFO nothing-of-the-kind neither
        COMMAND DOCS nothing-of-the-kind
        foo
        foo bar
        foo bar "" baz
        foo \r\n
        a-command-whose-name-is-longer-than-any aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbb
        foo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb cccc
        aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
        QUIT
        "#,
    ),
];

/// Where we differ on purpose: the request, our reply, and why it is not that of Redis.
pub(crate) const DIFFERENT: &[(&str, &str, &str)] = &[
    ("SELECT 1", "ERR DB index is out of range; this server has the one database 0", "there is one database"),
    (
        "SELECT -1",
        "ERR DB index is out of range; this server has the one database 0",
        "the message names the way out",
    ),
    ("SCAN \"\"", "ERR invalid cursor", "Redis takes no digits for zero"),
    ("SCAN -1", "ERR invalid cursor", "Redis takes a negative cursor for a huge one"),
    (
        "foo \\x00\\xff",
        r"ERR unknown command 'foo', with args beginning with: '\x00\xef\xbf\xbd' ",
        "Redis ends at a zero byte",
    ),
];
