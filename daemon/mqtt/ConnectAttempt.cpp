#include "daemon/mqtt/ConnectAttempt.h"

#include <openssl/crypto.h>

#include <exception>
#include <mutex>
#include <thread>
#include <utility>

#include "dsp/base/Error.h"

namespace earshot {
namespace {

// A thread may still speak TLS while the process ends, when OpenSSL takes down what that stands on unless it
// is told not to: SIGSEGV. Before main(), since whoever initialises it first decides.
[[maybe_unused]] const int kOpenSslStays = ::OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr);

}  // namespace

struct ConnectAttempt::State {
  std::mutex mutex;  // guards what follows
  bool done = false;
  std::unique_ptr<MqttConnection> connection;
  std::string problem;
};

ConnectAttempt::ConnectAttempt(const MqttLogin& login, std::shared_ptr<Wake> wake)
    : state_(std::make_shared<State>()) {
  std::thread([login, wake = std::move(wake), state = state_] {
    std::unique_ptr<MqttConnection> connection;
    std::string problem;
    try {
      connection = std::make_unique<MqttConnection>(login);
    } catch (const std::exception& error) {
      problem = error.what();
    }
    {
      const std::lock_guard lock(state->mutex);
      state->connection = std::move(connection);
      state->problem = std::move(problem);
      state->done = true;
    }
    wake->wake();
  }).detach();
}

bool ConnectAttempt::is_done() const {
  const std::lock_guard lock(state_->mutex);
  return state_->done;
}

std::unique_ptr<MqttConnection> ConnectAttempt::take() {
  const std::lock_guard lock(state_->mutex);
  if (!state_->connection) throw Error(ExitCode::unavailable, state_->problem);
  return std::move(state_->connection);
}

}  // namespace earshot
