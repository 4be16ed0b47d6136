//! The command line of the server: the core's part, and one for each wing that has options.
//!
//! Read once by the main thread before any other thread starts.

use clap::Parser;

/// A group chat server that any IRC client can join: one thread per client, one broadcaster.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Args {
    #[command(flatten)]
    pub core: crate::core::options::Options,
    #[cfg(feature = "disk")]
    #[command(flatten)]
    pub data: crate::data::DataOptions,
    #[cfg(feature = "irc")]
    #[command(flatten)]
    pub irc: crate::irc::IrcOptions,
    #[cfg(feature = "keys")]
    #[command(flatten)]
    pub keys: crate::keys::KeyOptions,
    #[cfg(feature = "tls")]
    #[command(flatten)]
    pub tls: crate::tls::TlsOptions,
    /// Refused with a sentence, which is more than clap could say of an unknown option.
    #[cfg(not(feature = "tls"))]
    #[arg(long, hide = true)]
    cert: Option<String>,
    #[cfg(not(feature = "tls"))]
    #[arg(long, hide = true)]
    key: Option<String>,
    #[cfg(feature = "mail")]
    #[command(flatten)]
    pub mail: crate::mail::MailOptions,
    #[cfg(feature = "files")]
    #[command(flatten)]
    pub files: crate::files::FileOptions,
}

#[cfg(not(feature = "tls"))]
impl Args {
    /// Whether a server without TLS can start with these options. An error is one sentence that says what to do.
    pub fn check(&self) -> Result<(), String> {
        const BUILD: &str = "this server was built without TLS; build it with --features tls";
        let why = if self.cert.is_some() || self.key.is_some() {
            Some("leave --cert and --key out".to_owned())
        } else {
            self.core.needs_tls()
        };
        why.map_or(Ok(()), |or| Err(format!("{BUILD}, or {or}")))
    }
}
