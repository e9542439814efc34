//! The Rust SDK, as functions have it, on odd keys of the local S3.

use std::{
    collections::BTreeMap,
    error::Error,
    fmt::Write,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use aws_sdk_s3::{
    Client,
    config::{BehaviorVersion, Credentials, Region},
    primitives::ByteStream,
    types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart},
};

type Outcome = Result<(), Box<dyn Error>>;

const BUCKET: &str = "records";
const ODD: [&str; 16] = [
    "a+b",
    "x%2By",
    "100%",
    "a b",
    "łódź/日本語/😀",
    "..",
    "../a",
    "a/../../b",
    "//",
    "/a",
    "a/",
    "a//b",
    "line\nand return\r",
    "quotes'\"<>&\\",
    "~*?#=;",
    "\u{85}\u{2028}\u{feff}",
];

/// The built services, which end with it.
struct Services {
    process: Child,
    state: PathBuf,
    endpoint: String,
}

impl Services {
    fn start(name: &str) -> Result<Self, Box<dyn Error>> {
        let state = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let mut process = Command::new(env!("CARGO_BIN_EXE_lambdameter-services"))
            .args(["--latency", "off", "--state"])
            .arg(&state)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let output = process.stdout.take().ok_or("no output")?;
        BufReader::new(output).read_line(&mut line)?;
        let announced: serde_json::Value = serde_json::from_str(&line)?;
        // The port speaks plain HTTP too, which needs no certificate to be trusted.
        let endpoint = announced["s3"].as_str().ok_or("no S3")?;
        let endpoint = endpoint.replace("https:", "http:");
        Ok(Self {
            process,
            state,
            endpoint,
        })
    }

    async fn client(&self) -> Result<Client, Box<dyn Error>> {
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(&self.endpoint)
            .force_path_style(true)
            .credentials_provider(Credentials::new("AKIDRUST", "any", None, None, "test"))
            .build();
        let client = Client::from_conf(config);
        client.create_bucket().bucket(BUCKET).send().await?;
        Ok(client)
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.state);
    }
}

/// As a copy's source is written: every byte encoded.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        // Writing into a text does not fail.
        let _ = write!(encoded, "%{byte:02X}");
        encoded
    })
}

async fn read(client: &Client, key: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let got = client.get_object().bucket(BUCKET).key(key).send().await?;
    Ok(got.body.collect().await?.to_vec())
}

async fn listed(client: &Client) -> Result<Vec<String>, Box<dyn Error>> {
    let mut pages = client
        .list_objects_v2()
        .bucket(BUCKET)
        .max_keys(5)
        .into_paginator()
        .send();
    let mut keys = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page?;
        keys.extend(
            page.contents()
                .iter()
                .filter_map(|object| object.key.clone()),
        );
    }
    Ok(keys)
}

#[tokio::test]
async fn odd_keys_are_put_got_copied_listed_and_deleted() -> Outcome {
    let services = Services::start("odd")?;
    let client = services.client().await?;
    let mut expected = BTreeMap::new();
    for key in ODD {
        let body = ByteStream::from(key.as_bytes().to_vec());
        client
            .put_object()
            .bucket(BUCKET)
            .key(key)
            .body(body)
            .send()
            .await?;
        expected.insert(key, key.as_bytes());
    }
    for (key, body) in &expected {
        assert_eq!(read(&client, key).await?, *body, "{key:?}");
        let source = encoded(&format!("{BUCKET}/{key}"));
        let copy = client.copy_object().bucket(BUCKET).key("copy");
        copy.copy_source(source).send().await?;
        assert_eq!(read(&client, "copy").await?, *body, "{key:?}");
    }
    client
        .delete_object()
        .bucket(BUCKET)
        .key("copy")
        .send()
        .await?;
    let keys: Vec<&str> = expected.keys().copied().collect();
    assert_eq!(listed(&client).await?, keys);
    for key in ODD {
        client
            .delete_object()
            .bucket(BUCKET)
            .key(key)
            .send()
            .await?;
    }
    assert!(listed(&client).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn every_checksum_of_the_sdk_is_checked_both_ways() -> Outcome {
    let services = Services::start("sums")?;
    let client = services.client().await?;
    for algorithm in [
        ChecksumAlgorithm::Crc32,
        ChecksumAlgorithm::Crc32C,
        ChecksumAlgorithm::Crc64Nvme,
        ChecksumAlgorithm::Sha1,
        ChecksumAlgorithm::Sha256,
    ] {
        let body = vec![7; 300_000];
        let put = client.put_object().bucket(BUCKET).key("sum");
        put.checksum_algorithm(algorithm.clone())
            .body(body.clone().into())
            .send()
            .await?;
        assert_eq!(read(&client, "sum").await?, body, "{algorithm}");
    }
    Ok(())
}

#[tokio::test]
async fn an_object_is_uploaded_in_parts() -> Outcome {
    let services = Services::start("parts")?;
    let client = services.client().await?;
    let (bucket, key) = (BUCKET, "in parts");
    let begun = client
        .create_multipart_upload()
        .bucket(bucket)
        .key(key)
        .send()
        .await?;
    let id = begun.upload_id().ok_or("no upload id")?;
    let bodies = [vec![1; 5 * 1024 * 1024], vec![2; 10]];
    let mut parts = CompletedMultipartUpload::builder();
    for (number, body) in (1..).zip(&bodies) {
        let part = client.upload_part().bucket(bucket).key(key).upload_id(id);
        let sent = part
            .part_number(number)
            .body(body.clone().into())
            .send()
            .await?;
        let part = CompletedPart::builder().part_number(number);
        parts = parts.parts(part.set_e_tag(sent.e_tag).build());
    }
    let complete = client.complete_multipart_upload().bucket(bucket).key(key);
    complete
        .upload_id(id)
        .multipart_upload(parts.build())
        .send()
        .await?;
    assert_eq!(read(&client, key).await?, bodies.concat());
    Ok(())
}

#[tokio::test]
async fn an_absent_key_is_told_as_such() -> Outcome {
    let services = Services::start("absent")?;
    let client = services.client().await?;
    let got = client.get_object().bucket(BUCKET).key("../a").send().await;
    let error = got
        .err()
        .ok_or("an object that is not there")?
        .into_service_error();
    assert!(error.is_no_such_key(), "{error:?}");
    Ok(())
}
