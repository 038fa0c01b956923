#include <mortise/module.hpp>
#include <string>

#include "phrases.hpp"

using mortise::Problem;
using mortise::Reply;
using mortise::Request;
namespace json = mortise::json;

// [module]
class Greeter final : public mortise::Module {
 public:
  explicit Greeter(mortise::Host host)
      : log_(host.log()),
        phrase_(host.config().text("phrase")),
        most_(host.config().integer("most_phrases")),
        phrases_(static_cast<std::size_t>(most_)) {}

  void bind(mortise::Bindings& on) override {
    on.operation("hello", &Greeter::hello);
    on.operation("listPhrases", &Greeter::listPhrases);
    on.operation("addPhrase", &Greeter::addPhrase);
  }
  // [/module]

 private:
  // [handler]
  Reply hello(const Request& request) const {
    std::string text = phrases_.current(phrase_) + ", " + request.path("name").string() + "!";
    if (request.query("loud").boolean(false)) text = greeter::loud(std::move(text));
    return Reply::ok(json::object({{"greeting", text}}));
  }
  // [/handler]

  Reply listPhrases(const Request&) const { return Reply::ok(json::object({{"phrases", json::list(phrases_.all())}})); }

  // [problem]
  Reply addPhrase(const Request& request) {
    const std::string phrase = request.body()["phrase"].text();
    switch (phrases_.add(phrase)) {
      case greeter::Added::known:
        throw Problem(409, "phrase_known").with("phrase", phrase);
      case greeter::Added::full:
        throw Problem(409, "phrases_full").with("most", most_);
      case greeter::Added::yes:
        break;
    }
    log_.info("phrase added", {{"by", request.principal().userId}});
    return Reply::created(json::object({{"phrase", phrase}, {"by", request.principal().userId}}));
  }
  // [/problem]

  mortise::Log log_;
  const std::string phrase_;
  const std::int64_t most_;
  greeter::Phrases phrases_;
};

MORTISE_MODULE(Greeter)
