//! What wings keep with a client, with a room, or with a membership: at most one value of each type.
//!
//! Part of the registry, so it is only touched by a thread that holds the registry's lock. A value goes away with
//! the client, the room or the membership that it belongs to.

use std::any::Any;
use std::fmt;

#[derive(Default)]
pub struct Extensions(Vec<Box<dyn Any + Send>>);

impl Extensions {
    pub fn get<T: 'static>(&self) -> Option<&T> {
        self.0.iter().find_map(|value| value.downcast_ref())
    }

    /// The value of this type, made when there is none.
    pub fn get_or_default<T: Default + Send + 'static>(&mut self) -> &mut T {
        let at = self.0.iter().position(|value| value.is::<T>()).unwrap_or_else(|| {
            self.0.push(Box::new(T::default()));
            self.0.len() - 1
        });
        self.0[at].downcast_mut().expect("the value at this place has just been found to be of this type")
    }
}

impl fmt::Debug for Extensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Extensions({})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_of_each_type() {
        let mut extensions = Extensions::default();
        assert_eq!(extensions.get::<u8>(), None);
        *extensions.get_or_default::<u8>() += 7;
        *extensions.get_or_default::<u16>() += 9;
        *extensions.get_or_default::<u8>() += 1;
        assert_eq!((extensions.get::<u8>(), extensions.get::<u16>()), (Some(&8), Some(&9)));
    }
}
