//! Modes: in words, and the key in a change of them.
//!
//! Pure.

/// Modes of rooms, on our server and on most others.
const OF_ROOMS: [(char, &str); 8] = [
    ('i', "only people who are invited enter"),
    ('k', "a key is needed"),
    ('l', "the number of people is limited"),
    ('m', "only people with voice may talk"),
    ('n', "only members may talk"),
    ('p', "private"),
    ('s', "in no list"),
    ('t', "only operators set the topic"),
];

/// Modes with a parameter, whether they are set or removed: the key, lists of masks, ranks of people.
const WITH_PARAMETER: &str = "kbeIqaohv";
/// Modes with a parameter only when they are set.
const WITH_PARAMETER_TO_SET: &str = "lfjLH";

/// What happens to a room's key.
#[derive(Debug, PartialEq, Eq)]
pub enum KeyChange<'a> {
    Set(&'a str),
    Removed,
}

/// What a change says about the room's key, if anything.
pub fn key<'a>(change: &[&'a str]) -> Option<KeyChange<'a>> {
    let (letters, params) = change.split_first()?;
    let (mut params, mut is_set, mut key) = (params.iter(), true, None);
    for letter in letters.chars() {
        let has_parameter = WITH_PARAMETER.contains(letter) || is_set && WITH_PARAMETER_TO_SET.contains(letter);
        let parameter = if has_parameter { params.next() } else { None };
        match letter {
            '+' | '-' => is_set = letter == '+',
            'k' if !is_set => key = Some(KeyChange::Removed),
            // Where a server hides the key, it is a star or missing.
            'k' => key = parameter.filter(|key| !matches!(**key, "" | "*")).map(|key| KeyChange::Set(key)).or(key),
            _ => {}
        }
    }
    key
}

/// Whether a change does nothing but set a key.
pub fn is_key_alone(change: &str) -> bool {
    change.strip_prefix("+k ").is_some_and(|key| !key.is_empty() && !key.contains(' '))
}

/// `RPL_CHANNELMODEIS` in words.
pub fn of_room(room: &str, modes: &[&str]) -> String {
    let letters = modes.first().copied().unwrap_or_default();
    let meanings: Vec<_> =
        OF_ROOMS.iter().filter(|(letter, _)| letters.contains(*letter)).map(|(_, meaning)| *meaning).collect();
    match letters.trim_start_matches('+') {
        "" => format!("{room} has no modes"),
        _ if meanings.is_empty() => format!("Modes of {room}: {}", modes.join(" ")),
        _ => format!("Modes of {room}: {} ({})", modes.join(" "), meanings.join("; ")),
    }
}

/// `RPL_UMODEIS` in words.
pub fn of_user(modes: &str) -> String {
    match modes.trim_start_matches('+') {
        "" => "You have no modes".to_owned(),
        letters if letters.contains('i') => {
            format!("Your modes: {modes} (hidden from people who share no room with you)")
        }
        _ => format!("Your modes: {modes}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_found_among_other_modes() {
        for (change, expected) in [
            (&["+k", "secret"][..], Some(KeyChange::Set("secret"))),
            (&["+lok-v", "5", "bob", "secret", "carl"], Some(KeyChange::Set("secret"))),
            (&["-lk", "secret"], Some(KeyChange::Removed)),
            (&["-k"], Some(KeyChange::Removed)),
            (&["+nt-k+m", "*"], Some(KeyChange::Removed)),
            (&["+b", "k!*@*"], None),
            (&["+k"], None),
            (&["+k", "*"], None),
            (&["+k", ""], None),
            (&["-k+k", "a", "*"], Some(KeyChange::Removed)),
            (&[], None),
        ] {
            assert_eq!(key(change), expected, "{change:?}");
        }
        assert!(is_key_alone("+k x") && !is_key_alone("+kl x 5") && !is_key_alone("+k ") && !is_key_alone("-k x"));
    }

    #[test]
    fn modes_have_words() {
        let words = "Modes of #vip: +kt secret (a key is needed; only operators set the topic)";
        assert_eq!(of_room("#vip", &["+kt", "secret"]), words);
        assert_eq!([of_room("#a", &["+"]), of_room("#a", &[])], ["#a has no modes"; 2]);
        assert_eq!(of_room("#a", &["+CP"]), "Modes of #a: +CP");
        assert_eq!(of_user("+i"), "Your modes: +i (hidden from people who share no room with you)");
        assert_eq!(of_user("+"), "You have no modes");
    }
}
