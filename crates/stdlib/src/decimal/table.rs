//! The operations that are methods of both `Decimal` and `Context`: a row each, for `$then` to make methods of.

macro_rules! shared_operations {
    ($then:ident) => {
        $then! {
            unary {
                exp Dec::exp;
                ln Dec::ln;
                log10 Dec::log10;
                logb Dec::logb;
                logical_invert Dec::logical_invert;
                next_minus |a, env| a.next(false, env);
                next_plus |a, env| a.next(true, env);
                normalize Dec::reduce;
                sqrt Dec::sqrt;
            }
            binary {
                compare Dec::compare;
                compare_signal Dec::compare_signal;
                compare_total |a, b, _| Ok(Dec::from_i64(Dec::order_total(a, b)? as i64));
                compare_total_mag |a, b, _| Ok(Dec::from_i64(Dec::order_total_magnitude(a, b)? as i64));
                copy_sign |a, b, _| a.with_sign(b.negative);
                logical_and |a, b, env| Dec::logical(a, b, Logic::And, env);
                logical_or |a, b, env| Dec::logical(a, b, Logic::Or, env);
                logical_xor |a, b, env| Dec::logical(a, b, Logic::Xor, env);
                max |a, b, env| Dec::extreme(a, b, true, false, env);
                max_mag |a, b, env| Dec::extreme(a, b, true, true, env);
                min |a, b, env| Dec::extreme(a, b, false, false, env);
                min_mag |a, b, env| Dec::extreme(a, b, false, true, env);
                next_toward Dec::next_toward;
                remainder_near Dec::rem_near;
                rotate Dec::rotate;
                scaleb Dec::scaleb;
                shift Dec::shift;
            }
            test {
                is_finite |value| value.is_finite();
                is_infinite |value| value.is_infinite();
                is_nan |value| value.is_nan();
                is_qnan |value| value.kind == Kind::Quiet;
                is_signed |value| value.negative;
                is_snan |value| value.is_signaling();
                is_zero |value| value.is_zero();
            }
        }
    };
}

pub(super) use shared_operations;
