//! `DynamoDB`: dynoxide, in memory.
//!
//! Dynoxide keeps its router to itself and offers a plain TCP server only, so it serves a port of
//! its own, on the same thread, and requests are passed on to it. It would serve any page that
//! finds that port, too; so the kernel drops what does not come from an address that is ours alone.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{StatusCode, Uri},
    response::{IntoResponse, Response},
};
use dynoxide::Database;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use socket2::{Domain, SockFilter, Socket, Type};

use crate::{random, refusal::Refusal};

pub const ENGINE: &str = concat!("dynoxide-rs ", env!("DYNAMODB_ENGINE_VERSION"));

/// The size at which dynoxide itself refuses a request (16 MB, as `DynamoDB` does for a batch).
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html>
pub const MAX_BODY: usize = 16 * 1024 * 1024;
const BACKLOG: i32 = 1_024;
/// Where the source address stands in an IPv4 header: <https://www.rfc-editor.org/rfc/rfc791#section-3.1>
const SOURCE_ADDRESS: i32 = 12;

#[derive(Clone)]
struct Engine {
    client: Client<HttpConnector, Full<axum::body::Bytes>>,
    address: SocketAddr,
}

/// The engine's own port, not yet served.
pub struct Inner {
    listener: TcpListener,
    /// Of loopback, drawn anew for each process: a page cannot choose what it sends from.
    caller: Ipv4Addr,
}

impl Inner {
    /// Takes a free port that answers to nobody else.
    pub fn bind() -> Result<Self, Refusal> {
        let [a, b, c] = random::secret().map(|byte: u8| 1 + byte % 254);
        let caller = Ipv4Addr::new(127, a, b, c);
        let listener = listen(caller).map_err(|error| {
            Refusal::host(
                format!("Cannot keep others from the engine's own port: {error}"),
                "DynamoDB",
                "Allow socket filters (SO_ATTACH_FILTER) in this container or virtual machine",
            )
        })?;
        Ok(Self { listener, caller })
    }
}

/// Starts an empty engine on the current runtime.
pub fn engine(inner: Inner) -> io::Result<Router> {
    let listener = tokio::net::TcpListener::from_std(inner.listener)?;
    let address = listener.local_addr()?;
    let database = Database::memory().map_err(io::Error::other)?;
    tokio::spawn(dynoxide::server::serve_on(listener, database));
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    connector.set_local_address(Some(inner.caller.into()));
    let client = Client::builder(TokioExecutor::new()).build(connector);
    Ok(Router::new()
        .fallback(pass_on)
        .with_state(Engine { client, address }))
}

/// Accepted connections inherit the listener's options, and dynoxide sets none itself.
fn listen(caller: Ipv4Addr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.set_tcp_nodelay(true)?;
    socket.set_nonblocking(true)?;
    // Before it listens: not one packet is to come through.
    socket.attach_filter(&from_alone(caller)?)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// A program for the kernel: a packet passes whole where it comes from this address, else not.
/// <https://docs.kernel.org/networking/filter.html>
fn from_alone(caller: Ipv4Addr) -> io::Result<[SockFilter; 4]> {
    let code = |parts: u32| u16::try_from(parts).map_err(io::Error::other);
    let source = (libc::SKF_NET_OFF + SOURCE_ADDRESS).cast_unsigned();
    let load = code(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS)?;
    let equal = code(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K)?;
    let answer = code(libc::BPF_RET | libc::BPF_K)?;
    Ok([
        SockFilter::new(load, 0, 0, source),
        SockFilter::new(equal, 0, 1, caller.to_bits()),
        SockFilter::new(answer, 0, 0, u32::MAX),
        SockFilter::new(answer, 0, 0, 0),
    ])
}

/// Request and answer are passed on whole: an answer is ready only when all of it is.
async fn pass_on(State(engine): State<Engine>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let body = match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            return StatusCode::PAYLOAD_TOO_LARGE.into_response();
        }
        Err(_) => return StatusCode::BAD_REQUEST.into_response(),
    };
    parts.uri = inside(&parts.uri, engine.address);
    match engine
        .answer(hyper::Request::from_parts(parts, Full::new(body)))
        .await
    {
        Ok(response) => response,
        Err(error) => {
            eprintln!("dynamodb: the engine gave no answer: {error}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

impl Engine {
    async fn answer(
        &self,
        request: hyper::Request<Full<axum::body::Bytes>>,
    ) -> Result<Response, Box<dyn std::error::Error>> {
        let (parts, body) = self.client.request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Response::from_parts(parts, Body::from(body)))
    }
}

fn inside(uri: &Uri, address: SocketAddr) -> Uri {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    Uri::builder()
        .scheme("http")
        .authority(address.to_string())
        .path_and_query(path)
        .build()
        .expect("its parts come from a URI and an address")
}
