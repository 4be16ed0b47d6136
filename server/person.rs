//! People as a file knows them, by name: who sent it, and whom it is for.
//!
//! Part of the table of files, so it is only touched by a thread that holds the registry's lock.

use wire::names::eq_ignore_case;

/// Somebody who may use a file: whoever has the name now that they have changed to since, or else still
/// the one of that time. A name that they have given up opens nothing to who takes it while they are here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// At the time; the spool knows them by it.
    pub name: String,
    /// What they have changed to since.
    now: Option<String>,
}

impl Person {
    pub fn new(name: &str) -> Self {
        Person { name: name.into(), now: None }
    }

    /// What they were called last.
    pub fn nick(&self) -> &str {
        self.now.as_deref().unwrap_or(&self.name)
    }

    pub fn is(&self, nick: &str) -> bool {
        eq_ignore_case(self.nick(), nick)
    }

    /// Who has this name leaves, and may come again under the one from before.
    pub fn leave(&mut self, nick: &str) {
        self.now.take_if(|now| eq_ignore_case(now, nick));
    }

    pub fn rename(&mut self, old: &str, new: &str) {
        if self.is(old) {
            self.now = Some(new.into());
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    pub person: Person,
    /// They have it whole.
    pub had: bool,
}

impl Recipient {
    pub fn new(name: &str) -> Self {
        Recipient { person: Person::new(name), had: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_who_they_are_called_now_and_after_that_who_they_were() {
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
