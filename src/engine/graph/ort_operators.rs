//! Operators of our own in graphs that ONNX Runtime runs: the domain `vocabox`.
//!
//! | operator | inputs | outputs |
//! | --- | --- | --- |
//! | `Statistics` | x f32 | its statistics f32 \[2, C\] |
//! | `Snake` | x f32, its statistics, gamma f32 \[C\], beta f32 \[C\], scale f32 \[C\], zero u8 \[C\] | bytes u8 |
//! | `SnakeBytes` | x u8, its scale f32 \[C\], its zero u8 \[C\], gamma, beta, scale, zero | bytes u8 |
//! | `AddBytes` | x f32, bytes u8, their scale f32 \[C\], their zero u8 \[C\] | their sum f32, its statistics |
//! | `Convolution` | x u8, and what [`crate::kernels::convolution`] wants | bytes u8 |
//! | `SelfAttention` | queries, keys and values of new tokens f32 \[B, S, 3 W\], keys and values before them f32 \[B, H, P, 64\] | what they attend to f32 \[B, S, W\], all keys and values f32 \[B, H, P + S, 64\] |
//! | `CrossAttention` | queries f32 \[B, S, W\], a window's keys f16 \[1, H, 64, frames\] and values f16 \[1, H, frames, 64\] | what they attend to f32 \[B, S, W\], by how much f32 \[B, H, S, frames\] |
//!
//! The last two are those of a text decoder ([`attention`], `scripts/models/transformer.py`). In the others, x, bytes and the sum have
//! one shape, \[1, 1, T, C\], where C is a multiple of 32. Statistics are the mean and the variance of
//! each channel over T. [`crate::kernels`] computes them; `scripts/models/kokoro_fuse.py` and `kokoro_pack.py` write graphs of them.
//! A convolution is a function in its graph, too, by which ONNX Runtime runs it where the operator is not given.

mod attention;

use std::marker::PhantomData;
use std::sync::{Mutex, PoisonError};

use ort::operator::{
    ComputeContext, Kernel, KernelContext, Operator, OperatorDomain, OperatorInput, OperatorOutput,
};
use ort::value::{PrimitiveTensorElementType, TensorElementType, ValueRef, ValueRefMut};
use ort::{Error, Result};

use attention::{CrossAttention, SelfAttention};

use crate::kernels::convolution::{self, Convolution};
use crate::kernels::moments::{BlockMoments, ByteSums, Moments};
use crate::kernels::snake::Snake;
use crate::kernels::{ByteScale, LANES, block_rows, residual};

const F32: TensorElementType = TensorElementType::Float32;
const I8: TensorElementType = TensorElementType::Int8;
const I16: TensorElementType = TensorElementType::Int16;
const I32: TensorElementType = TensorElementType::Int32;
const I64: TensorElementType = TensorElementType::Int64;
const U8: TensorElementType = TensorElementType::Uint8;
/// Added to the variance of an adaptive norm, as in the `InstanceNorm1d` of StyleTTS 2.
const EPSILON: f32 = 1e-5;

/// All of them, or all but the convolutions, which the functions of their graphs then stand for.
pub fn domain(convolutions: bool) -> Result<OperatorDomain> {
    let domain = OperatorDomain::new("vocabox")?
        .add(Stateless::<StatisticsOf>(PhantomData))?
        .add(Stateless::<SnakeOfFloats>(PhantomData))?
        .add(Stateless::<SnakeOfBytes>(PhantomData))?
        .add(Stateless::<AddBytes>(PhantomData))?
        .add(Stateless::<SelfAttention>(PhantomData))?
        .add(Stateless::<CrossAttention>(PhantomData))?;
    if !convolutions {
        return Ok(domain);
    }
    domain.add(Stateless::<Convolved>(PhantomData))
}

/// What an operator computes.
trait Compute: Send + Sync + 'static {
    const NAME: &str;
    const INPUTS: &[TensorElementType];
    const OUTPUTS: &[TensorElementType];

    fn compute(tensors: &Tensors<'_>) -> Result<()>;
}

/// An operator, and its kernel, of no size: ONNX Runtime runs a kernel in several threads at once, so it must not hold anything.
struct Stateless<C>(PhantomData<C>);

impl<C: Compute> Operator for Stateless<C> {
    type Kernel<'a> = Self;

    fn name(&self) -> &str {
        C::NAME
    }

    fn inputs(&self) -> impl IntoIterator<Item = OperatorInput> {
        C::INPUTS.iter().map(|&of| OperatorInput::required(of))
    }

    fn outputs(&self) -> impl IntoIterator<Item = OperatorOutput> {
        C::OUTPUTS.iter().map(|&of| OperatorOutput::required(of))
    }

    fn create_kernel<'a>(&self, _: &KernelContext<'a>) -> Result<Self> {
        Ok(Stateless(PhantomData))
    }
}

impl<C: Compute> Kernel for Stateless<C> {
    fn compute(&mut self, context: &ComputeContext) -> Result<()> {
        C::compute(&Tensors { context })
    }
}

/// The tensors of one run of an operator.
struct Tensors<'a> {
    context: &'a ComputeContext,
}

impl<'a> Tensors<'a> {
    fn given(&self, at: usize) -> Result<ValueRef<'a>> {
        let given = self.context.input(at)?;
        given.ok_or_else(|| Error::new(format!("input {at} is missing")))
    }

    fn made(&self, at: usize, shape: &[i64]) -> Result<ValueRefMut<'a>> {
        let made = self.context.output(at, shape)?;
        made.ok_or_else(|| Error::new(format!("output {at} is missing")))
    }

    /// Calls `each` with all of `work`, in the threads of ONNX Runtime; returns what it returned, in the order of the work.
    fn in_parallel<W: Send, R: Send>(
        &self,
        work: impl IntoIterator<Item = W>,
        each: impl Fn(W) -> R + Sync + Send,
    ) -> Result<Vec<R>> {
        let work: Vec<_> = work
            .into_iter()
            .map(|one| Mutex::new((Some(one), None)))
            .collect();
        self.context.par_for(work.len(), 0, |at| {
            let mut one = work[at].lock().unwrap_or_else(PoisonError::into_inner);
            let made = one.0.take().map(&each);
            one.1 = made;
        })?;
        let made = |one: Mutex<(Option<W>, Option<R>)>| one.into_inner().ok()?.1;
        let made: Option<Vec<R>> = work.into_iter().map(made).collect();
        made.ok_or_else(|| Error::new("a part of an operator did not run"))
    }

    /// The same, in this thread alone unless it `is_worth` waking others.
    fn in_parallel_if<W: Send, R: Send>(
        &self,
        is_worth: bool,
        work: Vec<W>,
        each: impl Fn(W) -> R + Sync + Send,
    ) -> Result<Vec<R>> {
        match is_worth {
            true => self.in_parallel(work, each),
            false => Ok(work.into_iter().map(each).collect()),
        }
    }

    fn write_statistics(&self, at: usize, moments: &Moments) -> Result<()> {
        let channels = moments.mean.len();
        let mut made = self.made(at, &[2, channels as i64])?;
        let (mean, variance) = made
            .try_extract_tensor_mut::<f32>()?
            .1
            .split_at_mut(channels);
        mean.copy_from_slice(&moments.mean);
        variance.copy_from_slice(&moments.variance);
        Ok(())
    }
}

/// The shape and the values of a tensor \[1, 1, T, C\].
fn rows<'v, T: PrimitiveTensorElementType>(
    value: &'v ValueRef<'_>,
) -> Result<(&'v [i64], usize, &'v [T])> {
    let (shape, values) = value.try_extract_tensor::<T>()?;
    match **shape {
        [1, 1, _, channels] if channels > 0 && (channels as usize).is_multiple_of(LANES) => {
            Ok((shape, channels as usize, values))
        }
        _ => Err(Error::new(format!(
            "{shape:?} is not [1, 1, T, C] with C a multiple of {LANES}"
        ))),
    }
}

/// The values of a constant of each channel.
fn of_channels<'v, T: PrimitiveTensorElementType>(
    value: &'v ValueRef<'_>,
    channels: usize,
) -> Result<&'v [T]> {
    let (_, values) = value.try_extract_tensor::<T>()?;
    match values.len() == channels {
        true => Ok(values),
        false => Err(Error::new(format!(
            "{} values for {channels} channels",
            values.len()
        ))),
    }
}

struct StatisticsOf;

impl Compute for StatisticsOf {
    const NAME: &str = "Statistics";
    const INPUTS: &[TensorElementType] = &[F32];
    const OUTPUTS: &[TensorElementType] = &[F32];

    fn compute(tensors: &Tensors<'_>) -> Result<()> {
        let x = tensors.given(0)?;
        let (_, channels, x) = rows::<f32>(&x)?;
        let blocks = x.chunks(block_rows(channels) * channels);
        let parts = tensors.in_parallel(blocks, |block| BlockMoments::of(block, channels))?;
        tensors.write_statistics(0, &Moments::of_floats(channels, &parts))
    }
}

struct SnakeOfFloats;

impl Compute for SnakeOfFloats {
    const NAME: &str = "Snake";
    const INPUTS: &[TensorElementType] = &[F32, F32, F32, F32, F32, U8];
    const OUTPUTS: &[TensorElementType] = &[U8];

    fn compute(tensors: &Tensors<'_>) -> Result<()> {
        let [x, statistics, gamma, beta, scale, zero] = given(tensors)?;
        let (shape, channels, x) = rows::<f32>(&x)?;
        let (mean, variance) = of_channels::<f32>(&statistics, 2 * channels)?.split_at(channels);
        let made = ByteScale {
            scale: of_channels(&scale, channels)?,
            zero: of_channels(&zero, channels)?,
        };
        let norm = [
            of_channels(&gamma, channels)?,
            of_channels(&beta, channels)?,
        ];
        let snake = Snake::new([mean, variance], norm, EPSILON, made);
        let mut bytes = tensors.made(0, shape)?;
        let bytes = bytes.try_extract_tensor_mut::<u8>()?.1;
        let block = block_rows(channels) * channels;
        let work = x.chunks(block).zip(bytes.chunks_mut(block));
        tensors.in_parallel(work, |(x, bytes)| snake.apply(x, bytes))?;
        Ok(())
    }
}

struct SnakeOfBytes;

impl Compute for SnakeOfBytes {
    const NAME: &str = "SnakeBytes";
    const INPUTS: &[TensorElementType] = &[U8, F32, U8, F32, F32, F32, U8];
    const OUTPUTS: &[TensorElementType] = &[U8];

    fn compute(tensors: &Tensors<'_>) -> Result<()> {
        let [x, x_scale, x_zero, gamma, beta, scale, zero] = given(tensors)?;
        let (shape, channels, x) = rows::<u8>(&x)?;
        let bytes_of = |scale, zero| -> Result<ByteScale<'_>> {
            Ok(ByteScale {
                scale: of_channels(scale, channels)?,
                zero: of_channels(zero, channels)?,
            })
        };
        let (from, made) = (bytes_of(&x_scale, &x_zero)?, bytes_of(&scale, &zero)?);
        let norm = [
            of_channels(&gamma, channels)?,
            of_channels(&beta, channels)?,
        ];
        let block = block_rows(channels) * channels;
        let parts = tensors.in_parallel(x.chunks(block), |block| ByteSums::of(block, channels))?;
        let Moments { mean, variance } = Moments::of_bytes(from, &parts);
        let snake = Snake::new([&mean, &variance], norm, EPSILON, made).of_bytes(from);
        let mut bytes = tensors.made(0, shape)?;
        let bytes = bytes.try_extract_tensor_mut::<u8>()?.1;
        let work = x.chunks(block).zip(bytes.chunks_mut(block));
        tensors.in_parallel(work, |(x, bytes)| snake.apply(x, bytes))?;
        Ok(())
    }
}

struct AddBytes;

impl Compute for AddBytes {
    const NAME: &str = "AddBytes";
    const INPUTS: &[TensorElementType] = &[F32, U8, F32, U8];
    const OUTPUTS: &[TensorElementType] = &[F32, F32];

    fn compute(tensors: &Tensors<'_>) -> Result<()> {
        let [x, bytes, scale, zero] = given(tensors)?;
        let (shape, channels, x) = rows::<f32>(&x)?;
        let (_, _, bytes) = rows::<u8>(&bytes)?;
        if bytes.len() != x.len() {
            return Err(Error::new("what is added has another shape"));
        }
        let stand_for = ByteScale {
            scale: of_channels(&scale, channels)?,
            zero: of_channels(&zero, channels)?,
        };
        let mut sum = tensors.made(0, shape)?;
        let sum = sum.try_extract_tensor_mut::<f32>()?.1;
        let block = block_rows(channels) * channels;
        let work = x
            .chunks(block)
            .zip(bytes.chunks(block))
            .zip(sum.chunks_mut(block));
        let parts = tensors.in_parallel(work, |((x, bytes), sum)| {
            residual::add(x, bytes, stand_for, sum);
            BlockMoments::of(sum, channels)
        })?;
        tensors.write_statistics(1, &Moments::of_floats(channels, &parts))
    }
}

struct Convolved;

impl Compute for Convolved {
    const NAME: &str = "Convolution";
    const INPUTS: &[TensorElementType] = &[U8, F32, U8, I8, I16, I64, F32, F32, U8, I32, I32, I64];
    const OUTPUTS: &[TensorElementType] = &[U8];

    fn compute(tensors: &Tensors<'_>) -> Result<()> {
        // The last but two and the last are for the function of standard operators.
        let [
            x,
            x_scale,
            padding,
            weights,
            places,
            dilation,
            scale,
            y_scale,
            zero,
            _,
            start,
            _,
        ] = given(tensors)?;
        let (shape, x) = x.try_extract_tensor::<u8>()?;
        let (steps, places) = places.try_extract_tensor::<i16>()?;
        let (&[1, 1, _, channels], &[_, taps, _, 1]) = (&**shape, &**steps) else {
            return Err(Error::new(format!("{shape:?} cannot be convolved")));
        };
        let (x_scale, y_scale) = (one::<f32>(&x_scale)?, one::<f32>(&y_scale)?);
        let (_, scale) = scale.try_extract_tensor::<f32>()?;
        let scale: Vec<f32> = scale
            .iter()
            .map(|scale| x_scale * scale / y_scale)
            .collect();
        let outputs = scale.len();
        let convolution = Convolution {
            weights: weights.try_extract_tensor()?.1,
            places,
            taps: taps as usize,
            dilation: one::<i64>(&dilation)? as usize,
            channels: channels as usize,
            padding: one(&padding)?,
            start: start.try_extract_tensor()?.1,
            scale: &scale,
            zero: one(&zero)?,
        };
        let checked = convolution.checked();
        let checked = checked.ok_or_else(|| Error::new("weights of another shape"))?;
        let mut made = tensors.made(0, &[1, 1, shape[2], outputs as i64])?;
        let made = made.try_extract_tensor_mut::<u8>()?.1;
        let blocks = made.chunks_mut(convolution::BLOCK * outputs).enumerate();
        tensors.in_parallel(blocks, |(block, made)| {
            checked.apply(x, block * convolution::BLOCK, made);
        })?;
        Ok(())
    }
}

/// The value of a constant that is one number.
fn one<T: PrimitiveTensorElementType + Copy>(value: &ValueRef<'_>) -> Result<T> {
    match value.try_extract_tensor::<T>()?.1 {
        &[one] => Ok(one),
        _ => Err(Error::new("more than one number")),
    }
}

/// The first `N` inputs.
fn given<'a, const N: usize>(tensors: &Tensors<'a>) -> Result<[ValueRef<'a>; N]> {
    let all: Vec<_> = (0..N).map(|at| tensors.given(at)).collect::<Result<_>>()?;
    all.try_into().map_err(|_| Error::new("inputs are missing"))
}
