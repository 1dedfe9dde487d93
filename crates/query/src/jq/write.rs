//! Values of the jq engine as compact JSON text. It is always valid: `nan` is null and an infinity
//! is the greatest float, as in jq.

use jaq_json::{Num, Val};

use logbook_json::{Decimal, string};

/// The deepest value that is written, in levels: a program may build any.
const DEPTH_MAX: usize = 1000;

/// Appends `value` as JSON; fails if it is nested too deeply.
pub(crate) fn write_value(value: &Val, out: &mut Vec<u8>) -> Result<(), &'static str> {
    write_at(value, out, 0)
}

fn write_at(value: &Val, out: &mut Vec<u8>, depth: usize) -> Result<(), &'static str> {
    if depth > DEPTH_MAX {
        return Err("the program's output is nested deeper than 1000 levels");
    }
    match value {
        Val::Null => out.extend_from_slice(b"null"),
        Val::Bool(true) => out.extend_from_slice(b"true"),
        Val::Bool(false) => out.extend_from_slice(b"false"),
        Val::Num(number) => write_number(number, out),
        Val::TStr(text) | Val::BStr(text) => string::quote_into(&String::from_utf8_lossy(text), out),
        Val::Arr(values) => {
            out.push(b'[');
            for (index, value) in values.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_at(value, out, depth + 1)?;
            }
            out.push(b']');
        }
        Val::Obj(members) => {
            out.push(b'{');
            for (index, (key, value)) in members.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_key(key, out, depth)?;
                out.push(b':');
                write_at(value, out, depth + 1)?;
            }
            out.push(b'}');
        }
    }
    Ok(())
}

/// The engine allows keys that are not strings; JSON does not.
fn write_key(key: &Val, out: &mut Vec<u8>, depth: usize) -> Result<(), &'static str> {
    if matches!(key, Val::TStr(_) | Val::BStr(_)) {
        return write_at(key, out, depth + 1);
    }
    let mut text = Vec::new();
    write_at(key, &mut text, depth + 1)?;
    string::quote_into(&String::from_utf8_lossy(&text), out);
    Ok(())
}

fn write_number(number: &Num, out: &mut Vec<u8>) {
    match number {
        Num::Int(integer) => out.extend_from_slice(integer.to_string().as_bytes()),
        Num::BigInt(integer) => out.extend_from_slice(integer.to_string().as_bytes()),
        Num::Dec(text) if Decimal::parse(text.as_bytes()).is_some() => out.extend_from_slice(text.as_bytes()),
        Num::Dec(text) => write_float(text.parse().unwrap_or(f64::NAN), out),
        Num::Float(float) => write_float(*float, out),
    }
}

/// The shortest digits that are read as the same float, in jq's layout: plain from 10⁻⁵ up to 17
/// digits and 15 zeros, otherwise with an exponent of at least two digits and its sign.
fn write_float(float: f64, out: &mut Vec<u8>) {
    if float.is_nan() {
        return out.extend_from_slice(b"null");
    }
    if float == 0.0 {
        return out.extend_from_slice(if float.is_sign_negative() { b"-0" } else { b"0" });
    }
    let text = format!("{:e}", float.clamp(f64::MIN, f64::MAX));
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let point = exponent.parse::<i64>().unwrap_or(0) + 1;
    if mantissa.starts_with('-') {
        out.push(b'-');
    }
    let count = digits.len() as i64;
    let laid_out = if point <= -4 || point > count + 15 {
        let (first, rest) = digits.split_at(1);
        let dot = if rest.is_empty() { "" } else { "." };
        let sign = if point > 0 { '+' } else { '-' };
        format!("{first}{dot}{rest}e{sign}{:02}", (point - 1).abs())
    } else if point <= 0 {
        format!("0.{:0<1$}{digits}", "", (-point) as usize)
    } else if point >= count {
        format!("{digits}{:0<1$}", "", (point - count) as usize)
    } else {
        let (whole, fraction) = digits.split_at(point as usize);
        format!("{whole}.{fraction}")
    };
    out.extend_from_slice(laid_out.as_bytes());
}
