//! A socket in a multicast group, by the crate that wraps the system's socket calls: std cannot share a port among
//! several clients of one host. Without the feature `multicast` there is none.

#[cfg(not(feature = "multicast"))]
#[path = "disabled.rs"]
mod implementation;
#[cfg(feature = "multicast")]
#[path = "enabled.rs"]
mod implementation;

pub use implementation::join;
