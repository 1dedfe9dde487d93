//! Numbers without floats, against big integers at one scale.

#![allow(clippy::unwrap_used)]

use std::hash::{DefaultHasher, Hash, Hasher};

use logbook_json::{Decimal, Sum, plain_digits};
use num_bigint::BigInt;
use proptest::prelude::*;

fn number() -> impl Strategy<Value = String> {
    "-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?"
}

/// The value times 10^200.
fn scaled(text: &str) -> BigInt {
    let lower = text.to_lowercase();
    let (mantissa, exponent) = lower.split_once('e').unwrap_or((&lower, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent: i32 = exponent.parse().unwrap();
    let digits: BigInt = format!("{whole}{fraction}").parse().unwrap();
    digits * BigInt::from(10).pow(u32::try_from(200 + exponent - fraction.len() as i32).unwrap())
}

fn decimal(text: &str) -> Decimal {
    Decimal::parse(text.as_bytes()).unwrap_or_else(|| panic!("{text}"))
}

fn hash(decimal: &Decimal) -> u64 {
    let mut hasher = DefaultHasher::new();
    decimal.hash(&mut hasher);
    hasher.finish()
}

proptest! {
    #[test]
    fn order_is_that_of_the_values(a in number(), b in number()) {
        let order = decimal(&a).cmp(&decimal(&b));
        prop_assert_eq!(order, scaled(&a).cmp(&scaled(&b)));
        prop_assert_eq!(order.is_eq(), decimal(&a) == decimal(&b));
    }

    #[test]
    fn printing_keeps_the_value(a in number()) {
        let printed = decimal(&a).to_string();
        prop_assert_eq!(decimal(&printed), decimal(&a), "{}", printed);
        prop_assert_eq!(hash(&decimal(&printed)), hash(&decimal(&a)));
        prop_assert_eq!(scaled(&printed), scaled(&a));
    }

    #[test]
    fn sums_are_exact_in_any_order_and_split(numbers in prop::collection::vec(number(), 1..12), cut in 0usize..12) {
        let expected = numbers.iter().map(|text| scaled(text)).sum::<BigInt>();
        let sum = |texts: &[String]| {
            let mut sum = Sum::default();
            texts.iter().for_each(|text| sum.add(&decimal(text)));
            sum
        };
        let total = sum(&numbers).total().unwrap();
        prop_assert_eq!(scaled(&total.to_string()), expected);
        let cut = cut.min(numbers.len());
        let mut later = sum(&numbers[cut..]);
        later.merge(&sum(&numbers[..cut]));
        prop_assert_eq!(later.total().unwrap(), total.clone());
        prop_assert_eq!(later.mean(1).map(|mean| mean.is_negative()), Ok(total.is_negative()));
    }

    #[test]
    fn no_bytes_panic(text in prop::collection::vec(any::<u8>(), 0..20)) {
        let _ = Decimal::parse(&text);
    }
}

/// Plain numbers are added without a normal form: it is the same sum, and fails where that would.
#[test]
fn plain_numbers_add_up_to_the_same() {
    let texts = [
        "0",
        "5",
        "10",
        "0.5",
        "0.50",
        "99999",
        "1000000",
        "123456789012345678",
        "0.000001",
        "9.99",
        "231e-5",
        "2.31E-12",
        "5e-99",
        "1e9995",
        "1e10000",
        "1e-9990",
        "1e-10000",
        "-7",
        "170141183460469231731687303715884105727",
    ];
    let mut plainly = 0;
    for first in texts {
        for second in texts {
            for third in texts {
                let (mut fast, mut slow) = (Sum::default(), Sum::default());
                for text in [first, second, third] {
                    let plain =
                        plain_digits(text.as_bytes()).is_some_and(|(digits, places)| fast.add_plain(digits, places));
                    plainly += u32::from(plain && text != "0");
                    if !plain {
                        fast.add(&decimal(text));
                    }
                    slow.add(&decimal(text));
                }
                assert!(fast.total() == slow.total(), "{first} + {second} + {third}");
                assert!(fast.mean(3) == slow.mean(3), "{first} + {second} + {third}");
            }
        }
    }
    assert!(plainly > 500, "{plainly}");
}

#[test]
fn plain_digits_are_those_of_the_number() {
    for (text, plain) in [
        ("7", Some((7, 0))),
        ("0.25", Some((25, 2))),
        ("231e-5", Some((231, 5))),
        ("2.31E-12", Some((231, 14))),
        ("1.0e-0", Some((10, 1))),
        ("1.e-5", None),
        ("1e-", None),
        ("1e-123", None),
        ("1e5", None),
        ("1e+5", None),
        ("e-5", None),
        ("01e-5", None),
        ("1e-5e-5", None),
        ("-1", None),
        (".5", None),
        ("1.", None),
    ] {
        assert_eq!(plain_digits(text.as_bytes()), plain, "{text}");
    }
}

#[test]
fn spellings_of_one_number() {
    for group in [
        vec!["0", "-0", "-0.0", "0e99", "0.000"],
        vec!["1", "1.0", "10e-1", "1E0", "0.1e1", "100e-2"],
        vec!["1e400", "10e399", "0.1e401"],
    ] {
        for text in &group {
            assert_eq!(decimal(text), decimal(group[0]), "{text}");
            assert_eq!(hash(&decimal(text)), hash(&decimal(group[0])), "{text}");
        }
    }
    for text in ["", "-", "+1", "01", ".5", "1.", "1e", "1e+", "NaN", "1 ", "0x1", "--1", "1.e5"] {
        assert_eq!(Decimal::parse(text.as_bytes()), None, "{text}");
    }
}

#[test]
fn means_have_17_digits_halves_to_even() {
    let mean = |texts: &[&str]| {
        let mut sum = Sum::default();
        texts.iter().for_each(|text| sum.add(&decimal(text)));
        sum.mean(texts.len() as u64).unwrap().to_string()
    };
    assert_eq!(mean(&["1", "2"]), "1.5");
    assert_eq!(mean(&["1", "0", "0"]), "0.33333333333333333");
    assert_eq!(mean(&["2", "0", "0"]), "0.66666666666666667");
    assert_eq!(mean(&["-2", "0", "0"]), "-0.66666666666666667");
    assert_eq!(mean(&["100000000000000005"]), "100000000000000000");
    assert_eq!(mean(&["100000000000000015"]), "100000000000000020");
    assert_eq!(mean(&["999999999999999999"]), "1000000000000000000");
    assert_eq!(mean(&["1e-400", "3e-400"]), "2e-400");
}

#[test]
fn far_exponents_are_ordered_and_never_expanded() {
    assert!(decimal("1e999999999") < decimal("2e999999999"));
    assert!(decimal("1e-999999999") > decimal("-1e999999999"));
    assert!(decimal("1e99999999999999999999999") > decimal("9e999999999"));
    for text in ["1234567890123456e89013456789012345889", "-1.5e-89013456789012345889", "12e1000000000000000000"] {
        let number = decimal(text);
        assert_eq!(decimal(&number.to_string()), number, "{text} is printed {number}");
    }
    let mut sum = Sum::default();
    sum.add(&decimal("1e999999999"));
    assert_eq!(sum.total().unwrap().to_string(), "1e999999999");
    sum.add(&decimal("1"));
    assert!(sum.total().is_err());
}
