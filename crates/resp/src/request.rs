//! A parsed request: arguments as slices of the buffer they came in.

use std::ops::Index;

/// One request. Borrows the caller's buffer and the parser; copying it copies two pointers.
///
/// It has at least one argument, its name, so `request[0]` never panics. `request[i]` panics beyond the last argument,
/// as a slice does.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    bytes: &'a [u8],
    spans: &'a [Span],
}

impl<'a> Request<'a> {
    /// The first argument, as the client spelled it.
    #[must_use]
    #[inline]
    pub fn name(&self) -> &'a [u8] {
        self.spans[0].of(self.bytes)
    }

    /// The number of arguments, the name included.
    #[must_use]
    #[inline]
    #[expect(clippy::len_without_is_empty, reason = "a request has a name, so it is never empty")]
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// The argument at `index`; 0 is the name.
    #[must_use]
    #[inline]
    pub fn get(&self, index: usize) -> Option<&'a [u8]> {
        self.spans.get(index).map(|span| span.of(self.bytes))
    }

    /// All arguments, the name first.
    #[must_use]
    #[inline]
    pub fn iter(&self) -> Arguments<'a> {
        Arguments { bytes: self.bytes, spans: self.spans.iter() }
    }

    #[inline]
    pub(crate) fn new(bytes: &'a [u8], spans: &'a [Span]) -> Self {
        debug_assert!(!spans.is_empty());
        Self { bytes, spans }
    }
}

impl Index<usize> for Request<'_> {
    type Output = [u8];

    #[inline]
    fn index(&self, index: usize) -> &[u8] {
        self.spans[index].of(self.bytes)
    }
}

impl<'a> IntoIterator for Request<'a> {
    type Item = &'a [u8];
    type IntoIter = Arguments<'a>;

    fn into_iter(self) -> Arguments<'a> {
        self.iter()
    }
}

impl std::fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter().map(|argument| argument.escape_ascii().to_string())).finish()
    }
}

/// The arguments of a [`Request`], in order.
#[derive(Debug, Clone)]
pub struct Arguments<'a> {
    bytes: &'a [u8],
    spans: std::slice::Iter<'a, Span>,
}

impl<'a> Iterator for Arguments<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        self.spans.next().map(|span| span.of(self.bytes))
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.spans.size_hint()
    }
}

impl DoubleEndedIterator for Arguments<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        self.spans.next_back().map(|span| span.of(self.bytes))
    }
}

impl ExactSizeIterator for Arguments<'_> {}

/// Several requests of one buffer, parsed ahead so that the caller can look at all of them (hash the keys, prefetch the
/// entries) before it runs the first.
#[derive(Clone, Copy)]
pub struct Batch<'a> {
    buffer: &'a [u8],
    unquoted: &'a [u8],
    spans: &'a [Span],
    requests: &'a [Located],
}

impl<'a> Batch<'a> {
    /// The number of requests. None means that more bytes are needed.
    #[must_use]
    #[inline]
    pub fn len(&self) -> usize {
        self.requests.len()
    }

    /// Whether no request was complete.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    /// The request at `index`, in order of arrival.
    #[must_use]
    #[inline]
    pub fn get(&self, index: usize) -> Option<Request<'a>> {
        self.requests.get(index).map(|located| self.view(located))
    }

    /// The requests in order of arrival.
    #[inline]
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Request<'a>> + ExactSizeIterator + Clone + use<'a> {
        let batch = *self;
        self.requests.iter().map(move |located| batch.view(located))
    }

    #[inline]
    pub(crate) fn new(
        buffer: &'a [u8],
        unquoted: &'a [u8],
        spans: &'a [Span],
        requests: &'a [Located],
    ) -> Self {
        Self { buffer, unquoted, spans, requests }
    }

    #[inline]
    fn view(&self, located: &Located) -> Request<'a> {
        located.view(self.buffer, self.unquoted, self.spans)
    }
}

impl std::fmt::Debug for Batch<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Where an argument lies. Eight bytes, since a request may have a million of them; requests are below 4 GiB.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) len: u32,
}

impl Span {
    #[inline]
    pub(crate) fn new(start: usize, len: usize) -> Self {
        debug_assert!(u32::try_from(start + len).is_ok());
        Self { start: start as u32, len: len as u32 }
    }

    #[inline]
    fn of(self, bytes: &[u8]) -> &[u8] {
        &bytes[self.start as usize..][..self.len as usize]
    }
}

/// Where a finished request lies.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Located {
    /// Where the frame starts in the buffer, to which its spans are relative; `None`: they are into the unquoted bytes.
    pub(crate) frame: Option<usize>,
    pub(crate) first_span: usize,
    pub(crate) span_end: usize,
}

impl Located {
    #[inline]
    pub(crate) fn view<'a>(&self, buffer: &'a [u8], unquoted: &'a [u8], spans: &'a [Span]) -> Request<'a> {
        let bytes = match self.frame {
            Some(start) => &buffer[start..],
            None => unquoted,
        };
        Request::new(bytes, &spans[self.first_span..self.span_end])
    }
}
