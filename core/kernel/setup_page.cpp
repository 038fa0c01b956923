#include "core/kernel/setup_page.hpp"

#include "core/contract/kernel_contract.hpp"

namespace mortise::kernel {

std::string setupPage() {
  const auto password = contract::administratorPassword();
  const auto least = std::to_string(password.least), most = std::to_string(password.most);
  return R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>Set up Mortise</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 26rem; margin: 4rem auto; padding: 0 1rem; color: #1b1f24; }
label { display: block; margin-top: 1rem; }
input { width: 100%; padding: .5rem; font: inherit; box-sizing: border-box; }
button { margin-top: 1.5rem; padding: .6rem 1.2rem; font: inherit; }
#outcome { margin-top: 1rem; min-height: 1.5rem; }
</style>
</head>
<body>
<h1>Set up Mortise</h1>
<p>This link makes the first administrator. It works once.</p>
<form id="form">
<label>User name <input name="username" autocomplete="username" required minlength="3" maxlength="50" pattern="[A-Za-z0-9_]+"></label>
<label>E-mail (optional) <input name="email" type="email" autocomplete="email"></label>
<label>Password, at least )" +
         least +
         R"( characters <input name="password" type="password" autocomplete="new-password" required minlength=")" +
         least + R"(" maxlength=")" + most + R"("></label>
<button>Create administrator</button>
</form>
<p id="outcome" role="status"></p>
<script src="/setup.js"></script>
</body>
</html>
)";
}

std::string_view setupScript() {
  return R"(const form = document.getElementById('form');
const outcome = document.getElementById('outcome');
form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const fields = Object.fromEntries(new FormData(form));
  if (!fields.email) delete fields.email;
  fields.token = new URLSearchParams(location.search).get('token') || '';
  const answer = await fetch('/setup', {
    method: 'POST',
    headers: {'Content-Type': 'application/json'},
    body: JSON.stringify(fields),
  });
  const body = await answer.json();
  outcome.textContent = answer.ok ? `Administrator ${body.username} was created.` : body.detail;
  if (answer.ok) form.remove();
});
)";
}

}  // namespace mortise::kernel
