#include "core/services/s3/signature.hpp"

#include <algorithm>
#include <ctime>

#include "core/base/identifiers.hpp"
#include "core/base/text.hpp"

namespace mortise::services::s3 {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

// Header fields in the form that is signed: lower-case names in order, values trimmed and with single blanks inside.
struct CanonicalHeaders {
  std::string lines;
  std::string names;
};

std::string oneBlank(std::string_view value) {
  std::string out;
  for (const char c : text::trim(value)) {
    if (c == ' ' && !out.empty() && out.back() == ' ') continue;
    out += c;
  }
  return out;
}

CanonicalHeaders canonical(const Pairs& headers) {
  Pairs sorted;
  for (const auto& [name, value] : headers) sorted.emplace_back(text::lower(name), oneBlank(value));
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  CanonicalHeaders out;
  std::string last;
  for (const auto& [name, value] : sorted) {
    if (name == last) {  // fields of the same name form one list
      out.lines.back() = ',';
      out.lines += value + "\n";
      continue;
    }
    out.lines += name + ":" + value + "\n";
    out.names += (out.names.empty() ? "" : ";") + name;
    last = name;
  }
  return out;
}

std::string scopeOf(const Signer& signer, std::string_view date) {
  return std::string(date.substr(0, 8)) + "/" + signer.region + "/" + signer.service + "/aws4_request";
}

std::string signatureOf(const Signer& signer, const SignedRequest& request, const CanonicalHeaders& headers,
                        const std::string& query, const std::string& date) {
  const std::string canonicalRequest = request.method + "\n" + request.path + "\n" + query + "\n" + headers.lines +
                                       "\n" + headers.names + "\n" + request.payload;
  const std::string subject =
      std::string(kAlgorithm) + "\n" + date + "\n" + scopeOf(signer, date) + "\n" + text::hex(sha256(canonicalRequest));
  const auto dayKey = hmacSha256("AWS4" + signer.secretKey, std::string_view(date).substr(0, 8));
  const auto serviceKey = hmacSha256(hmacSha256(dayKey, signer.region), signer.service);
  return text::hex(hmacSha256(hmacSha256(serviceKey, "aws4_request"), subject));
}

}  // namespace

std::string signatureDate(std::int64_t time) {
  const std::time_t seconds = time;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  const auto size = std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &parts);
  return std::string(text, size);
}

std::string encodePath(std::string_view path) {
  std::string out;
  for (const auto segment : text::split(path, '/')) out += "/" + text::percentEncode(segment);
  return out.substr(1);
}

std::string encodeQuery(const Pairs& query) {
  std::vector<std::pair<std::string, std::string>> encoded;
  for (const auto& [name, value] : query) encoded.emplace_back(text::percentEncode(name), text::percentEncode(value));
  std::sort(encoded.begin(), encoded.end());
  std::string out;
  for (const auto& [name, value] : encoded) {
    if (!out.empty()) out += '&';
    out += name;
    out += '=';
    out += value;
  }
  return out;
}

std::string authorization(const Signer& signer, const SignedRequest& request, std::int64_t time) {
  const auto date = signatureDate(time);
  const auto headers = canonical(request.headers);
  return std::string(kAlgorithm) + " Credential=" + signer.accessKey + "/" + scopeOf(signer, date) +
         ", SignedHeaders=" + headers.names +
         ", Signature=" + signatureOf(signer, request, headers, encodeQuery(request.query), date);
}

std::string presignedQuery(const Signer& signer, const SignedRequest& request, std::int64_t time,
                           std::int64_t seconds) {
  const auto date = signatureDate(time);
  const auto headers = canonical(request.headers);
  Pairs query = request.query;
  query.emplace_back("X-Amz-Algorithm", kAlgorithm);
  query.emplace_back("X-Amz-Credential", signer.accessKey + "/" + scopeOf(signer, date));
  query.emplace_back("X-Amz-Date", date);
  query.emplace_back("X-Amz-Expires", std::to_string(seconds));
  query.emplace_back("X-Amz-SignedHeaders", headers.names);
  const auto encoded = encodeQuery(query);
  return encoded + "&X-Amz-Signature=" + signatureOf(signer, request, headers, encoded, date);
}

}  // namespace mortise::services::s3
