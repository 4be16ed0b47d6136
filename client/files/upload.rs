//! One upload: offers a file, sends its bytes over a data connection, and goes on after a break.
//!
//! Run by the transfer's own thread; the state is locked for a moment at a time.

use super::event::FileEvent;
use super::limits::{REASON_TIMEOUT, REFUSALS, SHORT, VERDICT_TIMEOUT};
use super::pending_uploads::Upload;
use super::source::Source;
use super::task::{self, Ended, Task};
use super::transfers::TransferError::{self, Cancelled, LocalFile, Lost, Permanent, Refused};
use super::transfers::{self, Answer, Cancel};
use std::io::{BufReader, Write};
use wire::file_line::FileRequest;
use wire::limits;
use wire::stream::Stream;

/// Sends a file.
pub fn run(task: Task<'_>, mut upload: Upload) -> Ended {
    let result = send(task, &mut upload);
    // After many attempts in vain the next run of the client may have more luck.
    if !matches!(result, Err(Lost(_))) {
        // If it cannot be taken off the file now, it is offered again in the next run, and refused or sent.
        let _ = task.files.pending_uploads().forget(&upload);
    }
    if matches!(result, Err(Cancelled(Cancel::ByUser) | LocalFile(_)))
        && let Some(id) = task.with(|transfer| transfer.id)
    {
        task::send(task.client, &FileRequest::Cancel(id));
    }
    result
}

fn send(task: Task<'_>, upload: &mut Upload) -> Ended {
    let name = upload.name();
    let source = Source::open(&upload.path, &name).map_err(|why| Permanent(format!("{name} cannot be sent: {why}")))?;
    // The server may have got all of it just before the client was ended.
    let all_sent = upload.earlier_id.is_some();
    let mut sending = Sending { task, upload, source, all_sent, refusals: 0 };
    task.until_done(|| sending.attempt())
}

/// One upload under way.
struct Sending<'a> {
    task: Task<'a>,
    upload: &'a mut Upload,
    source: Source,
    /// Everything was sent once, and the server's answer may have been lost.
    all_sent: bool,
    /// How often the server has refused it when it was sent.
    refusals: usize,
}

impl Sending<'_> {
    fn attempt(&mut self) -> Ended {
        if self.all_sent && self.has_arrived()? {
            let (name, target) = (self.source.name.clone(), self.upload.target.clone());
            return Ok(FileEvent::AlreadySent { name, target });
        }
        self.all_sent = false;
        self.source.check_unchanged()?;
        let (id, token, offset) = self.offer()?;
        let stream = self.task.connect()?;
        self.task.begin(offset, self.source.size);
        self.send_bytes(&stream, id, &token, offset).map_err(|error| reason(&stream, error))?;
        self.all_sent = true;
        let _ = stream.socket().set_read_timeout(Some(VERDICT_TIMEOUT));
        task::verdict(&mut BufReader::new(&*stream)).map_err(|error| self.refused(error))?;
        let how = self.task.with(|transfer| transfer.progress.summary());
        let (name, target, crc) = (self.source.name.clone(), self.upload.target.clone(), self.source.sum().value());
        Ok(FileEvent::Sent { name, size: self.source.size, crc, target, how })
    }

    /// The server's last word was not OK. Only when it was lost, the file may have arrived.
    fn refused(&mut self, error: TransferError) -> TransferError {
        let Refused(why) = error else { return error };
        self.all_sent = false;
        // The server has looked at the whole file, so sending it again would change nothing. But a short one is sent
        // before the server can say that it dislikes the token, or is full.
        self.refusals += 1;
        if self.source.size > SHORT || self.refusals > REFUSALS {
            return Permanent(format!("{} was not sent: {why}", self.source.name));
        }
        Refused(why)
    }

    /// Whether the server's list has the file as sent.
    fn has_arrived(&mut self) -> Result<bool, TransferError> {
        self.task.with(|transfer| {
            transfer.id = transfer.id.or(self.upload.earlier_id);
            transfer.progress.total = self.source.size;
        });
        self.task.list()?;
        Ok(self.task.with(|transfer| transfer.is_whole))
    }

    /// Offers the file: the server's number for it, a token, and how much of it need not be sent.
    fn offer(&mut self) -> Result<(u64, String, u64), TransferError> {
        let Source { name, size, .. } = &self.source;
        let (reference, target) = (&transfers::reference(self.task.number), &self.upload.target);
        let answer = self.task.ask(&FileRequest::Offer { reference, target, size: *size, name })?;
        let (id, token, offset, crc) = match answer {
            Answer::Put { id, token, offset, crc } => (id, token, offset, crc),
            Answer::Refused { code, why } if code == "NO_SUCH_FILE" => {
                // An earlier attempt has just come to its end; the list tells how.
                self.all_sent = true;
                return Err(Lost(why));
            }
            Answer::Refused { why, .. } => {
                return Err(Permanent(format!("{name} was not sent to {target}: {why}")));
            }
            Answer::Get(_) => return Err(Lost("the server is confused".to_owned())),
        };
        if self.upload.earlier_id != Some(id) {
            self.upload.earlier_id = Some(id);
            // Without it the upload is only not resumed should the client be ended now.
            let _ = self.task.files.pending_uploads().keep(self.upload);
        }
        let is_ours = offset <= self.source.size && self.source.sum_up(offset)?.value() == crc;
        Ok((id, token, if is_ours { offset } else { 0 }))
    }

    /// Sends the request, the rest of the file and its sum.
    fn send_bytes(&mut self, mut stream: &Stream, id: u64, token: &str, offset: u64) -> Result<(), TransferError> {
        self.source.sum_up(offset)?;
        stream.write_all(format!("PUT {id} {token} {offset}\r\n").as_bytes())?;
        let mut buffer = vec![0; limits::COPY_BUFFER];
        while let count @ 1.. = self.source.read(&mut buffer)? {
            stream.write_all(&buffer[..count])?;
            self.task.advance(count)?;
        }
        self.source.check_unchanged()?;
        stream.write_all(format!("{:08x}\r\n", self.source.sum().value()).as_bytes())?;
        Ok(())
    }
}

/// A write has failed: the server may have said why it stopped reading.
fn reason(stream: &Stream, error: TransferError) -> TransferError {
    if !matches!(error, Lost(_)) {
        return error;
    }
    let _ = stream.socket().set_read_timeout(Some(REASON_TIMEOUT));
    match task::verdict(&mut BufReader::new(stream)) {
        Err(Refused(why)) => Refused(why),
        _ => error,
    }
}
