//! One upload: offers a file, sends its bytes over a data connection, and goes on after a break.
//!
//! Run by the transfer's own thread; the state is locked for a moment at a time.

use crate::source::Source;
use crate::state::Client;
use crate::transfers::{self, Answer, Cancel, Upload};
use crate::worker::{self, Trouble};
use std::io::{self, BufReader, Write};
use std::path::Path;
use std::time::Duration;
use wire::stream::Stream;
use wire::text::pluralize;
use wire::{files, limits};

/// The server writes up to [`limits::MAX_FILE`] bytes to its disk before it says that it has them.
const VERDICT: Duration = Duration::from_mins(5);
/// So many bytes may lie in the buffers of the two systems, sent and not seen by the server.
const SHORT: u64 = 8 * 1024 * 1024;
/// How often a short file is sent again although the server has refused it.
const REFUSALS: usize = 2;
/// After a write has failed, the server's reason is there already, or it does not come.
const REASON: Duration = Duration::from_secs(1);

/// Sends a file; the sentence says how it went.
pub fn run(client: &Client, number: u64, upload: &Upload) -> Result<String, Trouble> {
    let mut upload = upload.clone();
    let result = send(client, number, &mut upload);
    let mut state = client.lock();
    // After many attempts in vain the next run of the client may have more luck.
    if !matches!(result, Err(Trouble::Lost(_))) {
        // If it cannot be taken off the file now, it is offered again in the next run, and refused or sent.
        let _ = state.transfers.kept.forget(&upload);
    }
    let id = state.transfers.get(number).and_then(|transfer| transfer.id);
    drop(state);
    let is_off = matches!(result, Err(Trouble::Cancelled(Cancel::ByUser) | Trouble::Ours(_)));
    if let Some(id) = id
        && is_off
    {
        client.send("FILE", &["CANCEL", &id.to_string()]);
    }
    result
}

fn send(client: &Client, number: u64, upload: &mut Upload) -> Result<String, Trouble> {
    let name = name_of(&upload.path);
    let source =
        Source::open(&upload.path, &name).map_err(|why| Trouble::Final(format!("{name} cannot be sent: {why}")))?;
    let mut sending = Sending { client, number, upload, source, all_sent: false, refusals: 0 };
    // The server may have got all of it just before the client was ended.
    sending.all_sent = sending.upload.earlier_id.is_some();
    worker::until_done(client, number, || sending.attempt())
}

/// The name under which a file is offered.
pub fn name_of(path: &Path) -> String {
    files::safe_name(&path.file_name().unwrap_or_default().to_string_lossy())
}

/// One upload under way.
struct Sending<'a> {
    client: &'a Client,
    number: u64,
    upload: &'a mut Upload,
    source: Source,
    /// Everything was sent once, and the server's word on it may have been lost.
    all_sent: bool,
    /// How often the server has refused it when it was sent.
    refusals: usize,
}

impl Sending<'_> {
    fn attempt(&mut self) -> Result<String, Trouble> {
        if self.all_sent && self.has_arrived()? {
            return Ok(format!("{} is with {} already", self.source.name, self.upload.target));
        }
        self.all_sent = false;
        self.source.check_unchanged()?;
        let (id, token, offset) = self.offer()?;
        let stream = worker::connect(self.client, self.number)?;
        worker::begin(self.client, self.number, offset, self.source.size);
        if let Err(trouble) = self.send_bytes(&stream, id, &token, offset) {
            return Err(Self::reason(&stream, trouble));
        }
        self.all_sent = true;
        let _ = stream.socket().set_read_timeout(Some(VERDICT));
        if let Err(trouble) = worker::verdict(&mut BufReader::new(&*stream)) {
            return Err(self.refused(trouble));
        }
        let mut state = self.client.lock();
        let progress = state.transfers.get(self.number).map(|transfer| transfer.progress).unwrap_or_default();
        drop(state);
        let Source { name, size, .. } = &self.source;
        let sum = self.source.sum();
        let (target, how) = (&self.upload.target, progress.summary());
        let bytes = pluralize(*size, "byte");
        Ok(format!("Sent {name} ({bytes}, CRC-32 {:08x}) to {target} {how}", sum.value()))
    }

    /// The server's last word was not OK. Only one that did not come leaves it open whether the file arrived.
    fn refused(&mut self, trouble: Trouble) -> Trouble {
        let Trouble::Denied(why) = trouble else { return trouble };
        self.all_sent = false;
        // The server has looked at the whole file, so sending it again would change nothing. But a short one is sent
        // before the server can say that it dislikes the token, or is full.
        self.refusals += 1;
        if self.source.size > SHORT || self.refusals > REFUSALS {
            return Trouble::Final(format!("{} was not sent: {why}", self.source.name));
        }
        Trouble::Denied(why)
    }

    /// Whether the server's list has the file as sent.
    fn has_arrived(&mut self) -> Result<bool, Trouble> {
        if let Some(transfer) = self.client.lock().transfers.get(self.number) {
            transfer.id = transfer.id.or(self.upload.earlier_id);
            transfer.progress.total = self.source.size;
        }
        worker::list(self.client, self.number)?;
        Ok(self.client.lock().transfers.get(self.number).is_some_and(|transfer| transfer.is_whole))
    }

    /// Offers the file: the server's number for it, a token, and how much of it need not be sent.
    fn offer(&mut self) -> Result<(u64, String, u64), Trouble> {
        let Source { name, size, .. } = &self.source;
        let (reference, size) = (transfers::reference(self.number), size.to_string());
        let answer = worker::ask(self.client, self.number, &["OFFER", &reference, &self.upload.target, &size, name])?;
        let (id, token, offset, crc) = match answer {
            Answer::Put { id, token, offset, crc } => (id, token, offset, crc),
            Answer::Refused { code, why } if code == "NO_SUCH_FILE" => {
                // An earlier attempt has just come to its end; the list tells how.
                self.all_sent = true;
                return Err(Trouble::Lost(why));
            }
            Answer::Refused { why, .. } => {
                return Err(Trouble::Final(format!("{name} was not sent to {}: {why}", self.upload.target)));
            }
            Answer::Get { .. } => return Err(Trouble::Lost("the server is confused".to_owned())),
        };
        if self.upload.earlier_id != Some(id) {
            self.upload.earlier_id = Some(id);
            // Without it the upload is only not resumed should the client be ended now.
            let _ = self.client.lock().transfers.kept.keep(self.upload);
        }
        let is_ours = offset <= self.source.size && self.source.sum_up(offset)?.value() == crc;
        Ok((id, token, if is_ours { offset } else { 0 }))
    }

    /// A write has failed: the server may have said why it stopped reading.
    fn reason(stream: &Stream, trouble: Trouble) -> Trouble {
        if matches!(trouble, Trouble::Lost(_)) {
            let _ = stream.socket().set_read_timeout(Some(REASON));
            if let Err(Trouble::Denied(why)) = worker::verdict(&mut BufReader::new(stream)) {
                return Trouble::Denied(why);
            }
        }
        trouble
    }

    /// Sends the request, the rest of the file and its sum.
    fn send_bytes(&mut self, mut stream: &Stream, id: u64, token: &str, offset: u64) -> Result<(), Trouble> {
        let lost = |error: io::Error| worker::lost(&error);
        self.source.sum_up(offset)?;
        stream.write_all(format!("PUT {id} {token} {offset}\r\n").as_bytes()).map_err(lost)?;
        let mut buffer = vec![0; limits::COPY_BUFFER];
        loop {
            let count = self.source.read(&mut buffer)?;
            if count == 0 {
                break;
            }
            stream.write_all(&buffer[..count]).map_err(lost)?;
            worker::advance(self.client, self.number, count)?;
        }
        self.source.check_unchanged()?;
        stream.write_all(format!("{:08x}\r\n", self.source.sum().value()).as_bytes()).map_err(lost)
    }
}
