//! Numbers as the report shows them.

/// Three digits that matter, two below 1, and no zeros behind a small whole number: `1,880,000`, `42.9`, `3.01`, `0.084`, `2`.
pub fn shown(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1000.0 {
        return format!("{value:.0}");
    }
    let digits: i32 = if value.abs() < 1.0 { 1 } else { 2 };
    let power = format!("{value:.precision$e}", precision = digits.unsigned_abs() as usize)
        .split_once('e')
        .and_then(|(_, power)| power.parse::<i32>().ok());
    let places = digits - power.unwrap_or_default().min(digits);
    if places > 0 {
        return format!("{value:.places$}", places = places.unsigned_abs() as usize);
    }
    let unit = 10_f64.powi(power.unwrap_or_default() - digits);
    grouped(&format!("{:.0}", (value / unit).round() * unit))
}

/// A whole number with commas between thousands.
pub fn grouped(whole: &str) -> String {
    let mut text = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
