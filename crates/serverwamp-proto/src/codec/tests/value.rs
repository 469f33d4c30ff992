//! Tests of the methods that tell the type of a `Value`.

use crate::codec::{Dict, Value};

fn all() -> Vec<Value> {
    let dict: Dict = [("a", 1)].into_iter().collect();
    vec![
        Value::Null,
        true.into(),
        7.into(),
        u64::MAX.into(),
        i128::MIN.into(),
        0.5.into(),
        "text".into(),
        Value::Binary(vec![1]),
        vec![1].into(),
        dict.into(),
    ]
}

/// The indices of the values for which `is` holds.
fn which(is: impl Fn(&Value) -> bool) -> Vec<usize> {
    let values = all();
    values.iter().enumerate().filter(|(_, value)| is(value)).map(|(index, _)| index).collect()
}

#[test]
fn each_value_is_what_it_is_and_nothing_else() {
    assert_eq!(which(Value::is_null), [0]);
    assert_eq!(which(|value| value.as_bool() == Some(true)), [1]);
    assert_eq!(which(|value| value.as_bool().is_some()), [1]);
    assert_eq!(which(|value| value.as_i64().is_some()), [2]);
    assert_eq!(which(|value| value.as_u64().is_some()), [2, 3]);
    assert_eq!(which(|value| value.as_i128().is_some()), [2, 3, 4]);
    assert_eq!(which(|value| value.as_str() == Some("text")), [6]);
    assert_eq!(which(|value| value.as_bytes() == Some(&[1])), [7]);
    assert_eq!(which(|value| value.as_list() == Some(&[Value::Integer(1)])), [8]);
    assert_eq!(which(|value| value.as_dict().is_some_and(|dict| dict.len() == 1)), [9]);
}

#[test]
fn an_integer_is_given_out_whole_or_not_at_all() {
    assert_eq!(Value::Integer(-1).as_i64(), Some(-1));
    assert_eq!(Value::Integer(-1).as_u64(), None);
    assert_eq!(Value::Unsigned(5).as_i64(), Some(5));
    assert_eq!(Value::from(u64::MAX).as_i64(), None);
    assert_eq!(Value::Wide(5).as_u64(), Some(5));
    assert_eq!(Value::Wide(i128::MAX).as_u64(), None);
    assert_eq!(Value::Float(2.0).as_i64(), None);
    assert_eq!(Value::Float(2.0).as_u64(), None);
}

#[test]
fn an_integer_is_a_float_if_the_float_is_that_integer() {
    const DIGITS: i64 = 1 << 53;
    assert_eq!(Value::Float(0.1).as_f64(), Some(0.1));
    for value in [0, 1, -1, 2, DIGITS, -DIGITS, DIGITS + 2, i64::MIN] {
        assert_eq!(Value::Integer(value).as_f64(), Some(value as f64), "{value}");
    }
    for value in [DIGITS + 1, -DIGITS - 1, i64::MAX] {
        assert_eq!(Value::Integer(value).as_f64(), None, "{value}");
    }
    assert_eq!(Value::Unsigned(1 << 63).as_f64(), Some(2_f64.powi(63)));
    assert_eq!(Value::Unsigned(u64::MAX).as_f64(), None);
    assert_eq!(Value::Wide(i128::MIN).as_f64(), Some(-(2_f64.powi(127))));
    assert_eq!(Value::Wide(i128::MAX).as_f64(), None);
    assert_eq!(Value::Text("1".into()).as_f64(), None);
}
