//! `DynamoDB`: dynoxide, in memory.
//!
//! Dynoxide does not expose its router and offers only a plain TCP server. So it serves a port of its
//! own, on the same thread, and requests are forwarded to it. It would also serve any web page that
//! finds that port; so the kernel drops packets that do not come from a secret loopback address.

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

use crate::{random, start_error::StartError};

pub const ENGINE: &str = concat!("dynoxide-rs ", env!("DYNAMODB_ENGINE_VERSION"));

/// The size at which dynoxide itself refuses a request (16 MB, as `DynamoDB` does for a batch).
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html>
pub const MAX_BODY: usize = 16 * 1024 * 1024;
const BACKLOG: i32 = 1_024;
/// The offset of the source address in an IPv4 header: <https://www.rfc-editor.org/rfc/rfc791#section-3.1>
const SOURCE_ADDRESS: i32 = 12;

#[derive(Clone)]
struct Engine {
    client: Client<HttpConnector, Full<axum::body::Bytes>>,
    address: SocketAddr,
}

/// The engine's own port, not served yet.
pub struct EnginePort {
    listener: TcpListener,
    /// A random loopback address for each process: a web page cannot choose its source address.
    caller: Ipv4Addr,
}

impl EnginePort {
    /// Binds a free port that answers only to `caller`.
    pub fn bind() -> Result<Self, StartError> {
        let [a, b, c] = random::secret().map(|byte: u8| 1 + byte % 254);
        let caller = Ipv4Addr::new(127, a, b, c);
        let listener = bind_filtered(caller).map_err(|error| {
            StartError::host(
                format!("Cannot keep others from the engine's own port: {error}"),
                "DynamoDB",
                "Allow socket filters (SO_ATTACH_FILTER) in this container or virtual machine",
            )
        })?;
        Ok(Self { listener, caller })
    }
}

/// Starts an empty engine on the current runtime.
pub fn engine(port: EnginePort) -> io::Result<Router> {
    let listener = tokio::net::TcpListener::from_std(port.listener)?;
    let address = listener.local_addr()?;
    let database = Database::memory().map_err(io::Error::other)?;
    tokio::spawn(dynoxide::server::serve_on(listener, database));
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    connector.set_local_address(Some(port.caller.into()));
    let client = Client::builder(TokioExecutor::new()).build(connector);
    Ok(Router::new()
        .fallback(forward)
        .with_state(Engine { client, address }))
}

/// Accepted connections inherit the listener's options; dynoxide sets none itself.
fn bind_filtered(caller: Ipv4Addr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.set_tcp_nodelay(true)?;
    socket.set_nonblocking(true)?;
    // Before it listens, so that no packet passes unfiltered.
    socket.attach_filter(&only_from(caller)?)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// A program for the kernel: only packets from this address pass.
/// <https://docs.kernel.org/networking/filter.html>
fn only_from(caller: Ipv4Addr) -> io::Result<[SockFilter; 4]> {
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

/// Forwards whole requests and answers: the engine's answer is complete before its first byte is sent.
async fn forward(State(engine): State<Engine>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let body = match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            return StatusCode::PAYLOAD_TOO_LARGE.into_response();
        }
        Err(_) => return StatusCode::BAD_REQUEST.into_response(),
    };
    parts.uri = engine_uri(&parts.uri, engine.address);
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

fn engine_uri(uri: &Uri, address: SocketAddr) -> Uri {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    Uri::builder()
        .scheme("http")
        .authority(address.to_string())
        .path_and_query(path)
        .build()
        .expect("its parts come from a URI and an address")
}
