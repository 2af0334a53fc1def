#include "packet_path_wrap.h"

#include <string>
#include <vector>

namespace portolan {

namespace {

/// Shared memory is reached through a typed array over it: Node-API on Node 20 refuses the SharedArrayBuffer itself.
Memory MemoryOf(const Napi::Value& value, const char* name, std::vector<Napi::ObjectReference>& keep) {
  if (!value.IsTypedArray()) throw Napi::TypeError::New(value.Env(), std::string(name) + " must be a Uint8Array");
  napi_typedarray_type type;
  size_t length = 0;
  void* data = nullptr;
  const napi_status status = napi_get_typedarray_info(value.Env(), value, &type, &length, &data, nullptr, nullptr);
  if (status != napi_ok || type != napi_uint8_array || reinterpret_cast<uintptr_t>(data) % 8 != 0)
    throw Napi::TypeError::New(value.Env(), std::string(name) + " must be an aligned Uint8Array");
  keep.push_back(Napi::Persistent(value.As<Napi::Object>()));
  return {static_cast<uint8_t*>(data), length};
}

uint32_t Number(const Napi::Object& options, const char* name) {
  return options.Get(name).As<Napi::Number>().Uint32Value();
}

/// A small number without the detour over a double.
Napi::Value Small(Napi::Env env, uint32_t number) {
  napi_value value = nullptr;
  napi_create_uint32(env, number, &value);
  return {env, value};
}

}  // namespace

Napi::Function PacketPathWrap::Define(Napi::Env env) {
  return DefineClass(env, "PacketPath",
                     {
                         InstanceMethod<&PacketPathWrap::AddSocket>("addSocket"),
                         InstanceMethod<&PacketPathWrap::RemoveSocket>("removeSocket"),
                         InstanceMethod<&PacketPathWrap::Seal>("seal"),
                         InstanceMethod<&PacketPathWrap::Reserve>("reserve"),
                         InstanceMethod<&PacketPathWrap::SocketStats>("socketStats"),
                         InstanceMethod<&PacketPathWrap::Close>("close"),
                         InstanceAccessor<&PacketPathWrap::Simd>("simd"),
                         InstanceAccessor<&PacketPathWrap::Blocks>("blocks"),
                         InstanceAccessor<&PacketPathWrap::FreeBlocks>("freeBlocks"),
                     });
}

PacketPathWrap::PacketPathWrap(const Napi::CallbackInfo& info) : Napi::ObjectWrap<PacketPathWrap>(info) {
  const Napi::Object from = info[0].As<Napi::Object>();
  PacketPathOptions options;
  options.worker = Number(from, "worker");
  options.event = from.Get("event").As<Napi::Number>().Int32Value();
  options.receiveMessages = Number(from, "receiveMessages");
  options.simd = from.Get("simd").ToBoolean();
  if (from.Has("holdMs")) options.holdMs = from.Get("holdMs").ToNumber().DoubleValue();
  const Memory region = MemoryOf(from.Get("region"), "region", open_->views);
  const Memory batch = MemoryOf(from.Get("batch"), "batch", open_->views);
  const Memory slab = MemoryOf(from.Get("slab"), "slab", open_->views);
  const Napi::Value rings = from.Get("rings");
  if (rings.IsArray())
    for (uint32_t i = 0; i < rings.As<Napi::Array>().Length(); i++)
      options.rings.push_back(MemoryOf(rings.As<Napi::Array>().Get(i), "a ring", open_->views));
  Guarded(info.Env(), [&]() -> Napi::Value {
    open_->path = std::make_unique<PacketPath>(region, batch, slab, options);
    return {};
  });
  DefineTurn(info.Env(), info.This().As<Napi::Object>());
}

/// The two functions that each turn of a worker's loop calls. They are the object's own and know what they work on: a method would look up
/// in the object that it was called on, at each call, what native object belongs to it, which takes longer than the rest of the call.
void PacketPathWrap::DefineTurn(Napi::Env env, Napi::Object self) {
  const auto receive = [open = open_](const Napi::CallbackInfo& info) -> Napi::Value {
    const double waitMs = info[0].As<Napi::Number>().DoubleValue();
    return Guarded(info.Env(), [&] { return Small(info.Env(), open->Path(info.Env()).Receive(waitMs)); });
  };
  const auto send = [open = open_](const Napi::CallbackInfo& info) -> Napi::Value {
    return Guarded(info.Env(), [&] { return Small(info.Env(), open->Path(info.Env()).Send()); });
  };
  self.Set("receive", Napi::Function::New(env, receive, "receive"));
  self.Set("send", Napi::Function::New(env, send, "send"));
}

PacketPath& PacketPathWrap::Open::Path(Napi::Env env) const {
  if (!path) throw Napi::Error::New(env, "the packet path is closed");
  return *path;
}

Napi::Value PacketPathWrap::AddSocket(const Napi::CallbackInfo& info) {
  const uint32_t number = info[0].As<Napi::Number>().Uint32Value();
  const int fd = info[1].As<Napi::Number>().Int32Value();
  const Napi::Object from = info[2].As<Napi::Object>();
  const bool local = from.Get("kind").As<Napi::String>().Utf8Value() == "local";
  const SocketOptions options = {local ? SocketKind::Local : SocketKind::Link, from.Get("gso").ToBoolean(),
                                 from.Get("gro").ToBoolean()};
  return Guarded(info.Env(), [&]() -> Napi::Value {
    open_->Path(info.Env()).AddSocket(number, fd, options);
    return info.Env().Undefined();
  });
}

Napi::Value PacketPathWrap::RemoveSocket(const Napi::CallbackInfo& info) {
  open_->Path(info.Env()).RemoveSocket(info[0].As<Napi::Number>().Uint32Value());
  return info.Env().Undefined();
}

Napi::Value PacketPathWrap::Seal(const Napi::CallbackInfo& info) {
  open_->Path(info.Env()).Seal(info[0].As<Napi::Number>().Uint32Value());
  return info.Env().Undefined();
}

Napi::Value PacketPathWrap::Reserve(const Napi::CallbackInfo& info) {
  const uint32_t bytes = info[0].As<Napi::Number>().Uint32Value();
  return Napi::Number::New(info.Env(), static_cast<double>(open_->Path(info.Env()).Reserve(bytes)));
}

Napi::Value PacketPathWrap::SocketStats(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Socket* socket = open_->Path(env).FindSocket(info[0].As<Napi::Number>().Uint32Value());
  if (socket == nullptr) return env.Undefined();
  Napi::Object stats = Napi::Object::New(env);
  stats.Set("gso", socket->gso);
  stats.Set("gro", socket->gro);
  stats.Set("reason", socket->reason);
  stats.Set("overflow", static_cast<double>(socket->overflowTotal));
  stats.Set("pending", socket->pendingPackets);
  return stats;
}

Napi::Value PacketPathWrap::Simd(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), open_->Path(info.Env()).Simd());
}

Napi::Value PacketPathWrap::Blocks(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(open_->Path(info.Env()).context().blocks.Blocks()));
}

Napi::Value PacketPathWrap::FreeBlocks(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(open_->Path(info.Env()).context().blocks.Free()));
}

Napi::Value PacketPathWrap::Close(const Napi::CallbackInfo& info) {
  open_->path.reset();
  open_->views.clear();
  return info.Env().Undefined();
}

}  // namespace portolan
