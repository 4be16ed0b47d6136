//! The numbers by which the parts of this wing know a file and a person.
//!
//! Types only: no thread, no lock.

/// A small number, because people type it.
pub type FileId = u64;

/// Stands for somebody who may use a file.
pub type PersonId = u64;
