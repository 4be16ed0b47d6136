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

/// The ranks of members, the highest first: the letter of the mode, and the mark before a name.
pub const RANKS: [(char, char); 5] = [('q', '~'), ('a', '&'), ('o', '@'), ('h', '%'), ('v', '+')];

/// One change of modes: whether it is set, its letter, and its parameter.
pub type Change<'a> = (bool, char, Option<&'a str>);

/// What happens to a room's key.
#[derive(Debug, PartialEq, Eq)]
pub enum KeyChange<'a> {
    Set(&'a str),
    Removed,
}

/// The single changes in a line of them, with their parameters.
pub fn changes<'a>(line: &[&'a str]) -> Vec<Change<'a>> {
    let Some((letters, params)) = line.split_first() else { return Vec::new() };
    let (mut params, mut is_set, mut changes) = (params.iter().copied(), true, Vec::new());
    for letter in letters.chars() {
        if matches!(letter, '+' | '-') {
            is_set = letter == '+';
            continue;
        }
        let has_parameter = WITH_PARAMETER.contains(letter) || is_set && WITH_PARAMETER_TO_SET.contains(letter);
        changes.push((is_set, letter, if has_parameter { params.next() } else { None }));
    }
    changes
}

/// What a line of changes says about the room's key, if anything.
pub fn key<'a>(line: &[&'a str]) -> Option<KeyChange<'a>> {
    changes(line).into_iter().filter(|(_, letter, _)| *letter == 'k').fold(None, |before, change| match change {
        (false, ..) => Some(KeyChange::Removed),
        // Where a server hides the key, it is a star or missing.
        (true, _, key) => key.filter(|key| !matches!(*key, "" | "*")).map(KeyChange::Set).or(before),
    })
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
    fn each_change_has_its_parameter() {
        let changes = changes(&["+ob-lv+t", "anna", "*!*@x", "ben"]);
        let expected = [
            (true, 'o', Some("anna")),
            (true, 'b', Some("*!*@x")),
            (false, 'l', None),
            (false, 'v', Some("ben")),
            (true, 't', None),
        ];
        assert_eq!(changes, expected);
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
