//! How a transfer fails.
//!
//! Pure; made by the threads of transfers.

use super::transfers::Cancel;

/// Why a transfer, or one attempt, did not succeed. The text is for the user.
///
/// | error | such as | another attempt | an upload is withdrawn |
/// | --- | --- | --- | --- |
/// | `Lost` | the network breaks, the server ends | yes, after a pause | no |
/// | `Refused` | the server says `ERROR`: it is full, the token is too old | yes, after a pause | no |
/// | `Permanent` | the server says `FAIL`, or `ERROR` to a whole upload; a download cannot be written | no | no: the server knows |
/// | `LocalFile` | our file has changed or cannot be read any more | no | yes |
/// | `Cancelled` | by the user, or by the sender | no | yes, if by the user |
pub enum TransferError {
    Lost(String),
    Refused(String),
    Permanent(String),
    LocalFile(String),
    Cancelled(Cancel),
}
