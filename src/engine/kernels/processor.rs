//! One loop, compiled for several instruction sets; the first that the processor has runs.

/// Declares a function whose body is compiled for AVX-512, for AVX2 and for any processor; `$name::all` are those that this one has.
///
/// The compiler vectorises the body: it must be a loop over fixed-size arrays, without calls that are not inlined.
macro_rules! for_each_processor {
    ($(#[$meta:meta])* $vis:vis fn $name:ident($($argument:ident: $type:ty),* $(,)?) $body:block) => {
        $(#[$meta])*
        $vis fn $name($($argument: $type),*) {
            #[cfg(target_arch = "x86_64")]
            {
                use std::is_x86_feature_detected as has;
                if has!("avx512f") && has!("avx512bw") && has!("avx512vl") && has!("avx512dq") {
                    // SAFETY: the processor has these instructions.
                    return unsafe { $name::avx512($($argument),*) };
                }
                if has!("avx2") {
                    // SAFETY: as above.
                    return unsafe { $name::avx2($($argument),*) };
                }
            }
            $name::plain($($argument),*)
        }

        $vis mod $name {
            #[allow(unused_imports)]
            use super::*;

            /// Calls `each` with each of those that this processor has.
            #[cfg(test)]
            pub fn all(each: &mut dyn FnMut(&dyn Fn($($type),*))) {
                each(&plain);
                #[cfg(target_arch = "x86_64")]
                {
                    use std::is_x86_feature_detected as has;
                    if has!("avx2") {
                        // SAFETY: the processor has these instructions.
                        each(&|$($argument),*| unsafe { avx2($($argument),*) });
                    }
                    if has!("avx512f") && has!("avx512bw") && has!("avx512vl") && has!("avx512dq") {
                        // SAFETY: as above.
                        each(&|$($argument),*| unsafe { avx512($($argument),*) });
                    }
                }
            }

            #[inline(always)]
            pub fn plain($($argument: $type),*) $body

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2")]
            pub fn avx2($($argument: $type),*) {
                plain($($argument),*)
            }

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
            pub fn avx512($($argument: $type),*) {
                plain($($argument),*)
            }
        }
    };
}

pub(super) use for_each_processor;
