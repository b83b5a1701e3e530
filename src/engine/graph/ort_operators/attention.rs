//! Attention of a text decoder's new tokens, of all hypotheses at once.
//!
//! Shapes: B hypotheses, S new tokens, P tokens before them, H heads of [`HEAD`] numbers, W = H · [`HEAD`]. Queries are scaled.
//! A thread takes a head of all hypotheses, so that what they share is read once.

use half::f16;
use ort::value::{TensorElementType, ValueRef};
use ort::{Error, Result};

use super::{Compute, F32, Tensors, given};
use crate::kernels::attention::{HEAD, attend_to_frames, attend_to_tokens};

const F16: TensorElementType = TensorElementType::Float16;
/// Products from which on waking another thread is worth it: some 30 µs of work.
const PRODUCTS_MIN: usize = 1 << 18;

/// The keys and the values of one head of one hypothesis, to be written.
type KeysAndValues<'a> = (&'a mut [f32], &'a mut [f32]);

/// To the tokens so far, the new ones among them.
pub struct SelfAttention;

impl Compute for SelfAttention {
    const NAME: &str = "SelfAttention";
    const INPUTS: &[TensorElementType] = &[F32, F32, F32];
    const OUTPUTS: &[TensorElementType] = &[F32, F32, F32];

    fn compute(tensors: &Tensors<'_>) -> Result<()> {
        let [projected, keys, values] = given(tensors)?;
        let ([batch, tokens, of_all], projected) = floats(&projected)?;
        let (shape @ [held, heads, past, size], keys) = floats(&keys)?;
        let (same, values) = floats(&values)?;
        let width = heads * HEAD;
        if [held, size, of_all] != [batch, HEAD, 3 * width] || shape != same || heads * tokens == 0
        {
            let cache = format!("caches of {shape:?} and {same:?}");
            return Err(Error::new(format!(
                "{cache} for {batch} hypotheses of width {of_all}"
            )));
        }
        let all = past + tokens;
        let shape = [batch, heads, all, HEAD].map(|size| size as i64);
        let (mut all_keys, mut all_values) = (tensors.made(1, &shape)?, tensors.made(2, &shape)?);
        let all_keys = all_keys.try_extract_tensor_mut::<f32>()?.1;
        let all_values = all_values.try_extract_tensor_mut::<f32>()?.1;
        let grown = all_keys
            .chunks_exact_mut(all * HEAD)
            .zip(all_values.chunks_exact_mut(all * HEAD));
        let before = past * HEAD;
        let attended = |(head, grown): (usize, Vec<KeysAndValues<'_>>)| {
            let mut out = vec![0.0; batch * tokens * HEAD];
            let mut weights = vec![0.0; tokens * all];
            let given = projected.chunks_exact(tokens * of_all);
            let parts = given.zip(grown).zip(out.chunks_exact_mut(tokens * HEAD));
            for (hypothesis, ((given, (k, v)), out)) in parts.enumerate() {
                let from = (hypothesis * heads + head) * before;
                k[..before].copy_from_slice(&keys[from..][..before]);
                v[..before].copy_from_slice(&values[from..][..before]);
                let part = |part: usize| columns(given, of_all, part * width + head * HEAD);
                k[before..].copy_from_slice(&part(1));
                v[before..].copy_from_slice(&part(2));
                let seen = |token| past + token + 1;
                attend_to_tokens(&part(0), [k, v], seen, &mut weights, out);
            }
            out
        };
        let work = by_head(grown, heads);
        let is_worth = batch * tokens * all * width >= PRODUCTS_MIN;
        let made = tensors.in_parallel_if(is_worth, work, attended)?;
        write_heads(tensors, [batch, tokens, width], &made)
    }
}

/// To the frames of one window, which all hypotheses hear.
pub struct CrossAttention;

impl Compute for CrossAttention {
    const NAME: &str = "CrossAttention";
    const INPUTS: &[TensorElementType] = &[F32, F16, F16];
    const OUTPUTS: &[TensorElementType] = &[F32, F32];

    fn compute(tensors: &Tensors<'_>) -> Result<()> {
        let [queries, keys, values] = given(tensors)?;
        let ([batch, tokens, width], queries) = floats(&queries)?;
        let (shape, keys) = keys.try_extract_tensor::<f16>()?;
        let (other, values) = values.try_extract_tensor::<f16>()?;
        let heads = width / HEAD;
        let frames = keys.len() / width.max(1);
        let of_keys = [1, heads, HEAD, frames].map(|size| size as i64);
        let of_values = [1, heads, frames, HEAD].map(|size| size as i64);
        if keys.len() * tokens == 0 || **shape != of_keys || **other != of_values {
            return Err(Error::new(format!(
                "keys and values of {shape:?} and {other:?} are not one window for queries of width {width}"
            )));
        }
        let shape = [batch, heads, tokens, frames].map(|size| size as i64);
        let mut weights = tensors.made(1, &shape)?;
        let weights = weights.try_extract_tensor_mut::<f32>()?.1;
        let window = frames * HEAD;
        let attended = |(head, weights): (usize, Vec<&mut [f32]>)| {
            let queries = columns(queries, width, head * HEAD);
            let mut out = vec![0.0; queries.len()];
            let heard = [keys, values].map(|numbers| &numbers[head * window..][..window]);
            let parts = queries
                .chunks_exact(tokens * HEAD)
                .zip(out.chunks_exact_mut(tokens * HEAD));
            for ((queries, out), weights) in parts.zip(weights) {
                attend_to_frames(queries, heard, weights, out);
            }
            out
        };
        let work = by_head(weights.chunks_exact_mut(tokens * frames), heads);
        let is_worth = batch * tokens * frames * width >= PRODUCTS_MIN;
        let made = tensors.in_parallel_if(is_worth, work, attended)?;
        write_heads(tensors, [batch, tokens, width], &made)
    }
}

/// The shape, of `N` sizes, and the values of a tensor of floats.
fn floats<'v, const N: usize>(value: &'v ValueRef<'_>) -> Result<([usize; N], &'v [f32])> {
    let (shape, values) = value.try_extract_tensor::<f32>()?;
    let sizes: Vec<usize> = shape.iter().map(|&size| size as usize).collect();
    let sizes = sizes.try_into();
    let sizes = sizes.map_err(|_| Error::new(format!("{shape:?} has not {N} sizes")))?;
    Ok((sizes, values))
}

/// Each head with its parts of a tensor \[B, H, …\].
fn by_head<T>(parts: impl Iterator<Item = T>, heads: usize) -> Vec<(usize, Vec<T>)> {
    let mut of_heads: Vec<_> = (0..heads).map(|head| (head, Vec::new())).collect();
    for (at, part) in parts.enumerate() {
        of_heads[at % heads].1.push(part);
    }
    of_heads
}

/// The [`HEAD`] numbers from `first` on of each row of `width`.
fn columns(rows: &[f32], width: usize, first: usize) -> Vec<f32> {
    let rows = rows.chunks_exact(width);
    let numbers = rows.flat_map(|row| &row[first..first + HEAD]);
    numbers.copied().collect()
}

/// Writes the first output, \[B, S, W\], of what each head made, \[B, S, [`HEAD`]\].
fn write_heads(tensors: &Tensors<'_>, shape: [usize; 3], made: &[Vec<f32>]) -> Result<()> {
    let mut out = tensors.made(0, &shape.map(|size| size as i64))?;
    let out = out.try_extract_tensor_mut::<f32>()?.1;
    for (head, made) in made.iter().enumerate() {
        let rows = out.chunks_exact_mut(shape[2]);
        for (row, made) in rows.zip(made.chunks_exact(HEAD)) {
            row[head * HEAD..][..HEAD].copy_from_slice(made);
        }
    }
    Ok(())
}
