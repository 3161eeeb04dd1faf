//! Doubles as Redis writes them.

use std::fmt::Write;

use crate::number::write_integer;

/// Appends the fewest decimal digits that read back as `value`, laid out as Redis 7.2 and later do.
///
/// Whole numbers have no point (`3`, `100000000`), the very large and small get an exponent (`1e+30`, `1.5e-9`), the
/// rest are `inf`, `-inf` and `nan`. No allocation beside the growth of `out`.
pub fn write_double(out: &mut Vec<u8>, value: f64) {
    if value.is_nan() {
        out.extend_from_slice(b"nan");
        return;
    }
    if value != 0.0 && value.abs() <= WHOLE_MAX && value.fract() == 0.0 {
        return write_integer(out, value as i64);
    }
    if value.is_sign_negative() {
        out.push(b'-');
    }
    if value.is_infinite() {
        out.extend_from_slice(b"inf");
        return;
    }
    if value == 0.0 {
        out.push(b'0');
        return;
    }
    let mut text = Scientific::default();
    // The longest double in this form has 17 digits, a point and `e-308`; it fits, so this cannot fail.
    let _ = write!(text, "{:e}", value.abs());
    let (digits, count, exponent) = text.digits_and_exponent();
    lay_out(out, &digits[..count], exponent);
}

/// Appends 0.`digits` times 10 to the `exponent` + 1. The thresholds are those of `fpconv_dtoa`, which Redis uses.
fn lay_out(out: &mut Vec<u8>, digits: &[u8], exponent: i32) {
    let count = digits.len() as i32;
    let shift = exponent + 1 - count; // the value is `digits` times 10 to the `shift`
    if shift >= 0 && exponent < count + 7 {
        out.extend_from_slice(digits);
        out.resize(out.len() + shift as usize, b'0');
    } else if shift < 0 && (shift > -7 || exponent.abs() < 4) {
        if exponent < 0 {
            out.extend_from_slice(b"0.");
            out.resize(out.len() + (-exponent - 1) as usize, b'0');
            out.extend_from_slice(digits);
        } else {
            let (whole, fraction) = digits.split_at(exponent as usize + 1);
            out.extend_from_slice(whole);
            out.push(b'.');
            out.extend_from_slice(fraction);
        }
    } else {
        out.push(digits[0]);
        if count > 1 {
            out.push(b'.');
            out.extend_from_slice(&digits[1..]);
        }
        out.push(b'e');
        out.push(if exponent < 0 { b'-' } else { b'+' });
        write_integer(out, i64::from(exponent.abs()));
    }
}

/// Up to here, 2^62, Redis writes whole numbers as integers, so never with an exponent.
const WHOLE_MAX: f64 = (1_u64 << 62) as f64;

/// What any double takes in the layout of Redis: a sign, 17 digits, 7 zeros or an exponent; and room to spare.
pub(crate) const DOUBLE_BYTES_MAX: usize = 32;

/// The standard library's shortest form, `d.ddde-xx`, on the stack.
#[derive(Default)]
struct Scientific {
    bytes: [u8; Self::BYTES_MAX],
    len: usize,
}

impl Scientific {
    /// 17 digits, a point, `e-308`, and room to spare.
    const BYTES_MAX: usize = 32;

    /// The digits without the point, how many they are, and the power of ten of the first.
    fn digits_and_exponent(&self) -> ([u8; Self::BYTES_MAX], usize, i32) {
        let (mut digits, mut count) = ([0; Self::BYTES_MAX], 0);
        let mut exponent = 0;
        let mut rest = self.bytes[..self.len].iter();
        for &byte in rest.by_ref() {
            match byte {
                b'e' => break,
                b'.' => {}
                digit => {
                    digits[count] = digit;
                    count += 1;
                }
            }
        }
        let negative = rest.as_slice().first() == Some(&b'-');
        for &digit in rest.as_slice().iter().skip(usize::from(negative)) {
            exponent = exponent * 10 + i32::from(digit - b'0');
        }
        (digits, count, if negative { -exponent } else { exponent })
    }
}

impl Write for Scientific {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let end = self.len + text.len();
        self.bytes.get_mut(self.len..end).ok_or(std::fmt::Error)?.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(value: f64) -> String {
        let mut out = Vec::new();
        write_double(&mut out, value);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn doubles_look_as_they_do_in_redis() {
        let cases = [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-1.5, "-1.5"),
            (0.1, "0.1"),
            (2.0 / 3.0, "0.6666666666666666"),
            (1_000_000.0, "1000000"),
            (1e7, "10000000"),
            (1e8, "100000000"),
            (-1e18, "-1000000000000000000"),
            (4_611_686_018_427_387_904.0, "4611686018427387904"),
            (1e19, "1e+19"),
            (12_345_678_901_234_567_890.0, "12345678901234567000"),
            (1e30, "1e+30"),
            (1.5e300, "1.5e+300"),
            (0.001, "0.001"),
            (0.000_001, "0.000001"),
            (1e-7, "1e-7"),
            (1.5e-9, "1.5e-9"),
            (0.001_234_567_890_123_456_7, "0.0012345678901234567"),
            (0.000_123_456_789_012_345_67, "1.2345678901234567e-4"),
            (1_234.567_890_123_456_7, "1234.5678901234567"),
            (12_345.678_901_234_567, "1.2345678901234567e+4"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::MIN_POSITIVE, "2.2250738585072014e-308"),
            (5e-324, "5e-324"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
        ];
        for (value, expected) in cases {
            assert_eq!(written(value), expected);
        }
    }

    proptest! {
        #[test]
        fn a_written_double_reads_back_as_itself(bits: u64) {
            let value = f64::from_bits(bits);
            let read: f64 = written(value).parse().unwrap();
            prop_assert!(read.to_bits() == value.to_bits() || value.is_nan(), "{value:e} became {read:e}");
        }
    }
}
