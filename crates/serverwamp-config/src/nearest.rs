//! The nearest of some names, for suggestions.

/// The name with the smallest distance, if it is near enough that it was probably meant.
pub(crate) fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = (word.chars().count() / 3).clamp(1, 4);
    let (distance, name) = names.into_iter().map(|name| (distance(word, name), name)).min()?;
    (distance <= most).then_some(name)
}

/// The number of letters to insert, delete, replace or swap (optimal string alignment).
pub fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, right) in b.iter().enumerate() {
            let mut cost = (row[j] + usize::from(left != right)).min(row[j + 1] + 1).min(next[j] + 1);
            let swapped = i > 0 && j > 0 && a[i - 1] == *right && b[j - 1] == *left;
            if swapped && let Some(two_before) = before.get(j - 1) {
                cost = cost.min(two_before + 1);
            }
            next.push(cost);
        }
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_count_letters() {
        for (left, right, letters) in [
            ("", "", 0),
            ("demo.ad", "demo.add", 1),
            ("kitten", "sitting", 3),
            ("", "abc", 3),
            ("abc", "", 3),
            ("demo.dad", "demo.add", 1),
        ] {
            assert_eq!(distance(left, right), letters, "{left} {right}");
        }
    }
}
