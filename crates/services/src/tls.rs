//! A certificate authority that lives as long as the process.

use std::{collections::BTreeSet, sync::Arc};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use time::{Duration, OffsetDateTime};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

/// The names by which the services can always be reached.
const NAMES: [&str; 3] = ["127.0.0.1", "::1", "localhost"];
/// Longer than any run, with a margin for a clock that is set back.
const VALID_FOR: Duration = Duration::days(365);
const MARGIN: Duration = Duration::days(1);

/// The certificate that clients must trust, and the TLS acceptor with a certificate signed by it.
pub struct CertificateAuthority {
    pub ca_pem: String,
    pub acceptor: TlsAcceptor,
}

/// Makes an authority, and one certificate for this machine's own names and `hosts`. The authority's key
/// is dropped here, so that nothing else can be signed with it.
pub fn issue(hosts: &BTreeSet<String>) -> Result<CertificateAuthority, Box<dyn std::error::Error>> {
    let issuer = CertifiedIssuer::self_signed(authority_params(), KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let certificate = server_params(hosts)?.signed_by(&key, &issuer)?;
    let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(CertificateAuthority {
        ca_pem: issuer.as_ref().pem(),
        acceptor: TlsAcceptor::from(Arc::new(config)),
    })
}

fn authority_params() -> CertificateParams {
    let mut params = valid_now(CertificateParams::default());
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
        .distinguished_name
        .push(DnType::CommonName, "lambdameter local services CA");
    params
}

fn server_params(hosts: &BTreeSet<String>) -> Result<CertificateParams, rcgen::Error> {
    let names: BTreeSet<String> = NAMES.map(String::from).into();
    let names: Vec<String> = names.union(hosts).cloned().collect();
    let mut params = valid_now(CertificateParams::new(names)?);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // Python 3.13 checks certificates strictly (VERIFY_X509_STRICT) and asks for this extension.
    params.use_authority_key_identifier_extension = true;
    params
        .distinguished_name
        .push(DnType::CommonName, "lambdameter local services");
    Ok(params)
}

fn valid_now(mut params: CertificateParams) -> CertificateParams {
    let now = OffsetDateTime::now_utc();
    params.not_before = now - MARGIN;
    params.not_after = now + VALID_FOR;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
}
