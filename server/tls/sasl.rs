//! SASL with the mechanism EXTERNAL (RFC 4422, appendix A; `IRCv3` sasl-3.1): the certificate that a client has shown in
//! the handshake is its identity. Nothing else depends on it; many clients want to hear it before they register.
//!
//! Runs in the client's thread, under the registry's lock.

use wire::message::Message;
use wire::numeric;

use crate::core::context::CommandContext;
use crate::core::event::Caps;

/// The capability, with its value: the mechanisms.
pub const CAPABILITY: (&str, Caps) = ("sasl=EXTERNAL", Caps::bit(Caps::FIRST_OF_WINGS + 3));
/// Bytes of one message of the exchange (`IRCv3` sasl-3.1).
const MESSAGE: usize = 400;

/// The client has chosen the mechanism, and its message is to come; kept with the client.
#[derive(Default)]
struct IsUnderWay(bool);

/// AUTHENTICATE
pub fn authenticate(ctx: &mut CommandContext<'_>, message: &Message<'_>) {
    let word = message.params[0];
    let is_under_way = std::mem::take(&mut ctx.me_mut().wings.get_or_default::<IsUnderWay>().0);
    if word.len() > MESSAGE {
        ctx.reply(numeric::ERR_SASLTOOLONG, &[]);
    } else if word == "*" {
        ctx.reply(numeric::ERR_SASLABORTED, &[]);
    } else if is_under_way && word.len() == MESSAGE {
        // The response goes on in the next message.
        ctx.me_mut().wings.get_or_default::<IsUnderWay>().0 = true;
    } else if is_under_way {
        log_in(ctx);
    } else if word.eq_ignore_ascii_case("EXTERNAL") {
        ctx.me_mut().wings.get_or_default::<IsUnderWay>().0 = true;
        ctx.replies.line(format_args!("AUTHENTICATE +"));
    } else {
        ctx.reply(numeric::RPL_SASLMECHS, &["EXTERNAL"]);
        ctx.reply_text(numeric::ERR_SASLFAIL, &[], "There is only the mechanism EXTERNAL");
    }
}

/// Whatever identity the client asks for, it has that of its key.
fn log_in(ctx: &mut CommandContext<'_>) {
    let Some(key) = ctx.me().key else {
        let text = "You have shown no client certificate; connect with TLS and one";
        return ctx.reply_text(numeric::ERR_SASLFAIL, &[], text);
    };
    let (source, account) = (ctx.me().source(), key.to_string());
    ctx.reply_text(numeric::RPL_LOGGEDIN, &[&source, &account], &format!("You are known by the key {account}"));
    ctx.reply(numeric::RPL_SASLSUCCESS, &[]);
}
