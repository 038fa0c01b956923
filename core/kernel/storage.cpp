#include "core/kernel/storage.hpp"

#include <algorithm>
#include <stdexcept>

#include "core/base/text.hpp"
#include "core/kernel/secret_value.hpp"
#include "core/ops/log.hpp"
#include "core/services/blobs/s3_blobs.hpp"
#include "core/services/objects/local_objects.hpp"
#include "core/services/objects/object_name.hpp"
#include "core/services/objects/s3_objects.hpp"
#include "core/services/secrets/secrets.hpp"

namespace mortise::kernel {
namespace {

constexpr std::string_view kS3 = "s3://";
constexpr const char* kDefaultPrefix = "blobs";

// s3://BUCKET/PREFIX
struct Place {
  std::string bucket;
  std::string prefix;
};

struct Endpoint {
  std::string host;  // with its port, unless it is the scheme's own
  bool secure = true;
};

// The message ends in the correction; the caller puts the option's name before it.
[[noreturn]] void fault(const std::string& sentence) { throw std::runtime_error(sentence); }

Place placeFrom(const std::string& url) {
  const auto rest = std::string_view(url).substr(kS3.size());
  if (rest.find('@') != std::string_view::npos)
    fault("blobs.url: keys don't belong into the URL; use blobs.s3_access_key and blobs.s3_secret_key");
  Place place;
  place.bucket = rest.substr(0, rest.find('/'));
  place.prefix = place.bucket.size() == rest.size() ? std::string_view() : rest.substr(place.bucket.size() + 1);
  while (place.prefix.ends_with('/')) place.prefix.pop_back();
  if (!services::isBucketName(place.bucket)) {
    fault("blobs.url: \"" + place.bucket +
          "\" can't be a bucket; use s3://BUCKET/PREFIX with 3 to 63 of a-z, 0-9, . and -");
  }
  if (place.prefix.empty()) place.prefix = kDefaultPrefix;
  try {
    services::checkObjectName(place.prefix);
  } catch (const services::ServiceError&) {
    fault("blobs.url: \"" + place.prefix + "\" can't be the beginning of names; use letters, digits and single /");
  }
  return place;
}

bool isHost(std::string_view host) {
  return !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view(".-:[]_").find(c) != std::string_view::npos;
  });
}

Endpoint endpointFrom(const std::string& address, bool secure) {
  Endpoint endpoint{address, secure};
  for (const auto* scheme : {"https://", "http://"}) {
    if (!address.starts_with(scheme)) continue;
    endpoint.secure = scheme == std::string_view("https://");
    endpoint.host = address.substr(std::string_view(scheme).size());
  }
  while (endpoint.host.ends_with('/')) endpoint.host.pop_back();
  // As HTTP clients write the Host field, which is signed.
  const std::string standard = endpoint.secure ? ":443" : ":80";
  if (endpoint.host.ends_with(standard)) endpoint.host.resize(endpoint.host.size() - standard.size());
  if (!isHost(endpoint.host)) fault("blobs.s3_endpoint: should be host:port, https://host:port or http://host:port");
  return endpoint;
}

bool isS3(const config::Config& config) { return config.text("blobs.url").starts_with(kS3); }

services::s3::Options s3Options(const config::Config& config) {
  services::s3::Options options;
  options.region = config.text("blobs.s3_region");
  const auto configured = config.text("blobs.s3_endpoint");
  const auto endpoint =
      endpointFrom(configured.empty() ? "https://s3." + options.region + ".amazonaws.com" : configured,
                   config.boolean("blobs.s3_secure"));
  options.endpoint = endpoint.host;
  options.secure = endpoint.secure;
  options.publicEndpoint = config.text("blobs.s3_public_url");
  while (options.publicEndpoint.ends_with('/')) options.publicEndpoint.pop_back();
  const auto& address = options.publicEndpoint;
  if (!address.empty() && !((address.starts_with("https://") || address.starts_with("http://")) &&
                            isHost(std::string_view(address).substr(address.find("://") + 3)))) {
    fault("blobs.s3_public_url: should be https://host or http://host, without a path");
  }
  options.accessKey = config.text("blobs.s3_access_key");
  if (options.accessKey.empty()) fault("blobs.s3_access_key: blobs.url names an S3 store; give its access key");
  try {
    options.secretKey = secretValue(config.text("blobs.s3_secret_key"));
  } catch (const std::runtime_error& error) {
    fault(std::string("blobs.s3_secret_key: ") + error.what());
  }
  if (options.secretKey.empty()) fault("blobs.s3_secret_key: blobs.url names an S3 store; give its secret key");
  options.virtualHost = config.text("blobs.s3_addressing") == "virtual";
  options.caFile = config.text("blobs.s3_ca_file");
  options.idleTimeout = std::chrono::milliseconds(config.integer("blobs.s3_timeout"));
  options.connectTimeout = std::min(options.connectTimeout, options.idleTimeout);
  return options;
}

Storage openS3(const StorageParts& parts) {
  auto options = s3Options(parts.config);
  const auto place = placeFrom(parts.config.text("blobs.url"));
  options.cancelled = parts.stopping;
  options.metrics = parts.metrics;
  // A client of its own instead of the modules': the health check has its own time limit and must not open their
  // circuit breaker.
  auto probing = options;
  probing.connectTimeout = probing.idleTimeout = std::chrono::milliseconds(1500);
  probing.metrics = nullptr;
  const auto probe = std::make_shared<services::s3::Client>(probing);
  const auto client = std::make_shared<services::s3::Client>(std::move(options));
  Storage storage;
  storage.blobs = services::openS3Blobs(client, {place.bucket, place.prefix, parts.config.text("data.dir") + "/spool"});
  storage.objects = services::openS3Objects(client, place.bucket, place.prefix + "/");
  storage.check = [probe, bucket = place.bucket](std::chrono::milliseconds) {
    if (probe->bucketExists(bucket)) return ops::CheckResult{true, "HEAD bucket"};
    return ops::CheckResult{false, "there is no bucket " + bucket};
  };
  log::info("blobs and objects are kept in an S3 store", {{"endpoint", client->options().endpoint},
                                                          {"bucket", place.bucket},
                                                          {"prefix", place.prefix},
                                                          {"region", client->options().region}});
  return storage;
}

Storage openLocal(const StorageParts& parts) {
  Storage storage;
  const auto directory = localBlobDirectory(parts.config);
  storage.blobs = services::Blobs::open("file:" + directory);
  services::LocalObjectsOptions options;
  options.root = directory + "/buckets";
  options.key = parts.secrets.derive("objects/links");
  options.url = parts.url;
  auto local = std::make_unique<services::LocalObjects>(std::move(options));
  storage.localObjects = local.get();
  storage.check = [objects = local.get()](std::chrono::milliseconds) {
    objects->checkWritable();
    return ops::CheckResult{true, "a local folder"};
  };
  storage.objects = std::move(local);
  if (parts.config.isSet("blobs.s3_endpoint"))
    log::warning("blobs.s3_endpoint is set, but blobs are kept on this disk; set blobs.url to s3://BUCKET");
  return storage;
}

}  // namespace

std::string localBlobDirectory(const config::Config& config) {
  const auto url = config.text("blobs.url");
  if (url.empty()) return config.text("data.dir") + "/blobs";
  if (!url.starts_with("file:")) return {};
  return url.substr(url.starts_with("file:///") ? 7 : 5);
}

std::string storageFault(const config::Config& config) {
  try {
    if (isS3(config)) {
      placeFrom(config.text("blobs.url"));
      s3Options(config);
    } else if (localBlobDirectory(config).empty()) {
      fault("blobs.url: should be file:/path or s3://BUCKET/PREFIX");
    }
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return {};
}

Storage openStorage(const StorageParts& parts) {
  if (const auto wrong = storageFault(parts.config); !wrong.empty()) throw std::runtime_error(wrong);
  return isS3(parts.config) ? openS3(parts) : openLocal(parts);
}

}  // namespace mortise::kernel
