#include <gtest/gtest.h>
#include <mortise/served.hpp>

#include <string>
#include <vector>

namespace {

using mortise::Problem;
using mortise::Served;
using mortise::Sink;

// The boundary of a made-up interface: every kind of argument and result once.
struct shelf_book {
  std::uint32_t struct_size;
  mortise_str title;
  std::int64_t pages;
};
struct shelf_state {
  std::uint32_t struct_size;
  std::int64_t books;
};
struct shelf_table {
  std::uint32_t struct_size;
  void* context;
  mortise_status (*open)(void*, mortise_str owner, char id[9], mortise_error*);
  mortise_status (*add)(void*, mortise_str id, const shelf_book* books, std::size_t count, std::int64_t* numbers,
                        mortise_error*);
  mortise_status (*rename)(void*, std::int64_t number, mortise_str title, mortise_error*);
  mortise_status (*lend)(void*, std::int64_t number, std::int32_t isFree, mortise_error*);
  mortise_status (*state)(void*, mortise_str id, shelf_state* out, mortise_error*);
  mortise_status (*is_free)(void*, std::int64_t number, std::int32_t* out, mortise_error*);
  mortise_status (*list)(void*, mortise_str owner, std::int32_t (*sink)(void*, const shelf_book*, std::int64_t number),
                         void* sink_context, mortise_error*);
  mortise_status (*titles)(void*, const mortise_str* words, std::size_t count, void (*sink)(void*, mortise_str),
                           void* sink_context, mortise_error*);
  mortise_status (*close)(void*, mortise_str id, mortise_error*);
  std::int64_t (*count)(void*);
  std::int32_t (*holds)(void*, mortise_str title);
};

std::vector<std::string> reported;  // what the log was told

std::int32_t isEnabled(mortise_host*, mortise_log_level) { return 1; }
void keepLine(mortise_host*, mortise_log_level, mortise_str message, const mortise_pair* fields, std::size_t) {
  reported.push_back(mortise::detail::copied(message) + ": " + mortise::detail::copied(fields[0].value));
}
const mortise_log_v1 kLog = {sizeof(mortise_log_v1), &keepLine, &isEnabled};

struct Book {
  std::string title;
  std::int64_t pages = 0;
};
struct State {
  std::int64_t books = 0;
};

}  // namespace

template <>
struct mortise::Crossing<Book> {
  static Book from(const shelf_book* c) { return {detail::copied(c->title), c->pages}; }
  static shelf_book to(const Book& book) { return {sizeof(shelf_book), detail::str(book.title), book.pages}; }
};
template <>
struct mortise::Crossing<State> {
  static void to(const State& state, shelf_state* out) { out->books = state.books; }
};

namespace {

class Shelf : public mortise::Serving {
 public:
  Shelf() : Serving(mortise::Log(nullptr, &kLog), "the shelf can't answer", MORTISE_CLOSED) {}

  mortise::FixedText<9> open(const std::optional<std::string>& owner) { return {owner ? "of " + *owner : "anyone's"}; }
  std::vector<std::int64_t> add(std::string_view id, const std::vector<Book>& books) {
    std::vector<std::int64_t> numbers;
    for (const auto& book : books) {
      books_.push_back({std::string(id) + "/" + book.title, book.pages});
      numbers.push_back(static_cast<std::int64_t>(books_.size()));
    }
    if (id == "generous") numbers.push_back(0);
    return numbers;
  }
  void rename(std::int64_t number, std::string_view title) { at(number).title = title; }
  void lend(std::int64_t number, bool isFree) {
    if (!isFree) throw Problem(409, "lent_out").note("somebody reads it").retryAfter(7);
    at(number);
  }
  State state(std::string_view) const { return {static_cast<std::int64_t>(books_.size())}; }
  bool isFree(std::int64_t number) { return at(number).pages > 0; }
  void list(std::string_view, const Sink<Book, std::int64_t>& sink) const {
    std::int64_t number = 0;
    for (const auto& book : books_) {
      if (!sink(book, ++number)) return;
    }
  }
  void titles(const std::vector<std::string_view>& words, const Sink<std::string_view>& sink) const {
    for (const auto word : words) sink(word);
  }
  mortise_status close(std::string_view id) { return id.empty() ? MORTISE_CLOSED : MORTISE_OK; }
  std::int64_t count() const {
    if (books_.empty()) throw std::runtime_error("nothing to count");
    return static_cast<std::int64_t>(books_.size());
  }
  bool holds(std::string_view title) const noexcept { return !books_.empty() && books_.front().title == title; }

 private:
  Book& at(std::int64_t number) {
    if (number < 1 || number > static_cast<std::int64_t>(books_.size())) throw Problem(404, "book_not_found");
    return books_[static_cast<std::size_t>(number - 1)];
  }
  std::vector<Book> books_;
};

class ServedInterface : public ::testing::Test {
 protected:
  static mortise_str str(std::string_view text) { return mortise::detail::str(text); }
  // Adds "a" (1 page) and "b" (0 pages).
  void fill() {
    const shelf_book books[] = {{sizeof(shelf_book), str("a"), 1}, {sizeof(shelf_book), str("b"), 0}};
    std::int64_t numbers[2] = {};
    ASSERT_EQ(table_.add(&shelf_, str("s"), books, 2, numbers, &error_), MORTISE_OK);
    EXPECT_EQ(numbers[0], 1);
    EXPECT_EQ(numbers[1], 2);
  }

  ServedInterface() { reported.clear(); }

  Shelf shelf_;
  mortise_error error_ = mortise::detail::noError();
  shelf_table table_{sizeof(shelf_table),          &shelf_,
                     Served<&Shelf::open>::call,   Served<&Shelf::add>::call,
                     Served<&Shelf::rename>::call, Served<&Shelf::lend>::call,
                     Served<&Shelf::state>::call,  Served<&Shelf::isFree>::call,
                     Served<&Shelf::list>::call,   Served<&Shelf::titles>::call,
                     Served<&Shelf::close>::call,  Served<&Shelf::count, -1>::call,
                     Served<&Shelf::holds>::call};
};

TEST_F(ServedInterface, WritesATextIntoTheRoomOfItsCaller) {
  char id[9];
  EXPECT_EQ(table_.open(&shelf_, str(""), id, &error_), MORTISE_OK);
  EXPECT_STREQ(id, "anyone's");
  EXPECT_EQ(table_.open(&shelf_, str("Ada Lovelace"), id, nullptr), MORTISE_OK);
  EXPECT_STREQ(id, "of Ada L");
}

TEST_F(ServedInterface, TakesListsAndWritesOneResultForEachItem) {
  fill();
  shelf_state state{};
  EXPECT_EQ(table_.state(&shelf_, str("s"), &state, &error_), MORTISE_OK);
  EXPECT_EQ(state.books, 2);
  EXPECT_EQ(table_.add(&shelf_, str("s"), nullptr, 0, nullptr, &error_), MORTISE_OK);
}

TEST_F(ServedInterface, WritesNoMoreResultsThanThereIsRoomFor) {
  std::int64_t numbers[1] = {42};
  const shelf_book book{sizeof(shelf_book), str("a"), 1};
  EXPECT_EQ(table_.add(&shelf_, str("generous"), &book, 1, numbers, &error_), MORTISE_FAILED);
  EXPECT_EQ(numbers[0], 42);
}

TEST_F(ServedInterface, RefusesNullWhereSomethingIsNeeded) {
  EXPECT_EQ(table_.add(&shelf_, str("s"), nullptr, 1, nullptr, &error_), MORTISE_INVALID);
  EXPECT_STREQ(error_.code, "null");
  EXPECT_EQ(table_.state(&shelf_, str("s"), nullptr, &error_), MORTISE_INVALID);
  EXPECT_EQ(table_.open(&shelf_, str("s"), nullptr, &error_), MORTISE_INVALID);
}

TEST_F(ServedInterface, DoesNoWorkWhoseResultsHaveNoPlace) {
  const shelf_book books[2] = {{sizeof(shelf_book), str("a"), 1}, {sizeof(shelf_book), str("b"), 2}};
  for (const std::size_t count : {1U, 2U}) {
    EXPECT_EQ(table_.add(&shelf_, str("s"), books, count, nullptr, &error_), MORTISE_INVALID);
    EXPECT_STREQ(error_.code, "null");
  }
  EXPECT_EQ(table_.holds(&shelf_, str("s/a")), 0);
  EXPECT_EQ(table_.holds(&shelf_, str("s/b")), 0);
  EXPECT_EQ(table_.count(&shelf_), -1);  // nothing was added
}

TEST_F(ServedInterface, TurnsProblemsIntoStatusAndError) {
  fill();
  EXPECT_EQ(table_.rename(&shelf_, 3, str("x"), &error_), MORTISE_NOT_FOUND);
  EXPECT_STREQ(error_.code, "book_not_found");
  EXPECT_EQ(table_.lend(&shelf_, 1, 0, &error_), MORTISE_CLOSED);
  EXPECT_STREQ(error_.text, "somebody reads it");
  EXPECT_EQ(error_.retry_after, 7);
  EXPECT_EQ(table_.lend(&shelf_, 1, 1, nullptr), MORTISE_OK);
  EXPECT_EQ(table_.close(&shelf_, str(""), &error_), MORTISE_CLOSED);
  EXPECT_TRUE(reported.empty());  // all of it the caller's doing
}

TEST_F(ServedInterface, AnswersYesAndNoAsNumbers) {
  fill();
  std::int32_t isFree = 7;
  EXPECT_EQ(table_.is_free(&shelf_, 1, &isFree, &error_), MORTISE_OK);
  EXPECT_EQ(isFree, 1);
  EXPECT_EQ(table_.is_free(&shelf_, 2, &isFree, &error_), MORTISE_OK);
  EXPECT_EQ(isFree, 0);
  EXPECT_EQ(table_.holds(&shelf_, str("s/a")), 1);
  EXPECT_EQ(table_.holds(&shelf_, str("s/b")), 0);
}

TEST_F(ServedInterface, ReturnsTheFallbackWhereAFunctionHasNoStatus) {
  EXPECT_EQ(table_.count(&shelf_), -1);
  EXPECT_EQ(reported, (std::vector<std::string>{"the shelf can't answer: nothing to count"}));
  fill();
  EXPECT_EQ(table_.count(&shelf_), 2);
}

TEST_F(ServedInterface, GivesItemsToASinkUntilItWantsNoMore) {
  fill();
  std::vector<std::string> seen;
  const auto sink = [](void* context, const shelf_book* book, std::int64_t number) -> std::int32_t {
    auto& all = *static_cast<std::vector<std::string>*>(context);
    all.push_back(std::to_string(number) + " " + mortise::detail::copied(book->title));
    return all.size() < 2 ? 1 : 0;
  };
  EXPECT_EQ(table_.list(&shelf_, str("s"), sink, &seen, &error_), MORTISE_OK);
  EXPECT_EQ(seen, (std::vector<std::string>{"1 s/a", "2 s/b"}));
  EXPECT_EQ(table_.list(&shelf_, str("s"), sink, &seen, &error_), MORTISE_OK);
  EXPECT_EQ(seen.size(), 3U);
  EXPECT_EQ(table_.list(&shelf_, str("s"), nullptr, nullptr, &error_), MORTISE_OK);
}

TEST_F(ServedInterface, PassesTextsBothWays) {
  std::string seen;
  const mortise_str words[] = {str("one"), str("two")};
  const auto sink = [](void* context, mortise_str text) {
    *static_cast<std::string*>(context) += mortise::detail::copied(text) + ";";
  };
  EXPECT_EQ(table_.titles(&shelf_, words, 2, sink, &seen, &error_), MORTISE_OK);
  EXPECT_EQ(seen, "one;two;");
}

}  // namespace
