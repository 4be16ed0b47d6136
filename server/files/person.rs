//! The people of a file, by name: its sender and its recipients.
//!
//! Part of the table of files, so it is only touched by a thread that holds the table's lock.

use wire::names::eq_ignore_case;

/// Somebody who may use a file: whoever has the name of that time or, if its owner has changed it since, the new one.
/// While the owner is connected, the name that the owner gave up opens nothing to a client that takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// At the time; the spool knows them by it.
    pub name: String,
    /// The name that they have changed to since.
    now: Option<String>,
    /// A recipient has downloaded the whole file.
    pub received: bool,
}

impl Person {
    pub fn new(name: &str) -> Self {
        Person { name: name.into(), now: None, received: false }
    }

    /// Their last name.
    pub fn nick(&self) -> &str {
        self.now.as_deref().unwrap_or(&self.name)
    }

    pub fn is(&self, nick: &str) -> bool {
        eq_ignore_case(self.nick(), nick)
    }

    /// The client with this name leaves, and may come again under the name from before.
    pub fn leave(&mut self, nick: &str) {
        self.now.take_if(|now| eq_ignore_case(now, nick));
    }

    pub fn rename(&mut self, old: &str, new: &str) {
        if self.is(old) {
            self.now = Some(new.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_has_the_new_name_until_they_leave() {
        let mut person = Person::new("bob");
        person.rename("bob", "robert");
        assert!(person.is("ROBERT") && !person.is("bob"));
        // Somebody else has taken the name bob, changes it, and leaves.
        person.rename("bob", "eve");
        person.leave("eve");
        assert!(person.is("robert"));
        person.leave("Robert");
        assert!(person.is("bob") && !person.is("robert"));
    }

    #[test]
    fn a_person_has_one_name_and_takes_it_along() {
        let mut person = Person::new("Tesla");
        assert!(person.is("TESLA"));
        person.rename("tesla", "nikola");
        assert!(person.is("nikola") && !person.is("tesla"));
        // Somebody else has taken the name that was free, and changes it in turn.
        person.rename("tesla", "eve");
        assert!(person.is("nikola") && !person.is("eve"));
        person.rename("nikola", "tesla");
        assert!(person.is("tesla") && !person.is("nikola"));
    }
}
