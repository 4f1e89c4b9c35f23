"""Hashes by name, keyed hashes, and keys from passwords, by the vectors of their standards."""

import hashlib
import hmac

for name in sorted(hashlib.algorithms_available):
    h = hashlib.new(name, b"abc")
    print(name, h.name, h.block_size, h.digest_size, h.hexdigest(20) if name.startswith("shake") else h.hexdigest())
print(hashlib.pbkdf2_hmac("sha1", b"password", b"salt", 4096).hex())
print(hashlib.pbkdf2_hmac("sha3_256", b"password", b"salt", 3, 75).hex())
print(hashlib.scrypt(b"password", salt=b"NaCl", n=1024, r=8, p=16).hex())
print(hmac.new(b"key", b"message", "sha256").hexdigest(), hmac.digest(b"key" * 60, b"message", "md5").hex())
for call in (
    lambda: hashlib.new("none"),
    lambda: hashlib.new("md5", "text"),
    lambda: hashlib.pbkdf2_hmac("md5", b"", b"", 0),
    lambda: hashlib.pbkdf2_hmac("md5", b"", b"", 1, 1 << 40),
    lambda: hashlib.scrypt(b"", salt=b"", n=3, r=1, p=1),
    lambda: hashlib.scrypt(b"", salt=b"", n=1 << 20, r=8, p=1),
    lambda: hashlib.sha256().digest(1),
    lambda: type(hashlib.sha256())(),
):
    try:
        print(call())
    except (TypeError, ValueError, OverflowError) as error:
        print(type(error).__name__, error)
