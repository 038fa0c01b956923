// Where skills come from: a directory or archive of this machine, or a tree of a GitHub repository.
#pragma once

#include <mortise/http_client.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "bundle/bundle.hpp"
#include "sources/cancellation.hpp"

namespace skills {

struct Source {
  std::string type;  // local, github
  std::string ref;   // normalised: "local:/abs/dir", or the GitHub tree URL
};

struct SourceOptions {
  std::vector<std::string> localRoots;  // only below these; empty: any absolute path
  std::string githubApi = "https://api.github.com";
  std::string githubRaw = "https://raw.githubusercontent.com";  // further origin that downloads may come from
  std::string githubToken;                                      // empty: none
  bool githubTarball = false;                                   // one archive instead of a request per folder and file
  std::chrono::milliseconds requestTimeout{20000};              // of one request; of a tarball: without a byte
  std::chrono::milliseconds fetchTimeout{120000};               // of all requests of one fetch
};

struct Fetched {
  bool unchanged = false;  // the source says that nothing changed since `validator`; bundle is empty
  Bundle bundle;
  std::string validator;  // to hand back next time; opaque, at most 64 KiB; empty: the source knows none
};

class Sources {
 public:
  Sources(SourceOptions options, mortise::HttpClient http);
  // Checks type and ref and normalises them, without reading the source. Problem 422 names what is wrong.
  Source parse(std::string_view type, std::string_view ref) const;
  // Reads the whole bundle; nothing is written anywhere. Problem 422: not found, refused, over a limit, unreadable (the
  // message names path and rule); 422 with details {"reset_at": ISO time} when GitHub's rate limit is used up;
  // 503 when the source does not answer, or `cancelled` is set. Thread-safe. [worker]
  // The validator of a local source is a digest of what was read, so nothing escapes it. That of GitHub is the ETags of
  // the folder listings (names and blob ids) or of the tarball: it is as good as GitHub's ETags are.
  Fetched fetch(const Source& source, std::string_view validator = {},
                const Cancellation& cancelled = Cancellation(nullptr)) const;

 private:
  SourceOptions options_;
  mortise::HttpClient http_;
};

}  // namespace skills
