//! [`RsaKey`]: modulus and exponent of a public key.

use std::fmt;

use super::der;

/// An RSA public key of 2048 to 4096 bits.
#[derive(Clone, PartialEq, Eq)]
pub struct RsaKey {
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

/// Why a key can't be used.
pub(crate) type Unusable = &'static str;

impl RsaKey {
    /// Creates a key of big-endian numbers.
    pub(crate) fn new(modulus: Vec<u8>, exponent: Vec<u8>) -> Result<Self, Unusable> {
        let (modulus, exponent) = (without_zeros(modulus), without_zeros(exponent));
        let bits = modulus.len() * 8 - modulus.first().map_or(0, |first| first.leading_zeros() as usize);
        if !(2048..=4096).contains(&bits) {
            return Err("its RSA modulus does not have 2048 to 4096 bits");
        }
        let is_odd = exponent.last().is_some_and(|last| last % 2 == 1);
        if !is_odd || exponent == [1] || exponent.len() > 4 {
            return Err("its RSA exponent is not an odd number from 3 to 4294967295");
        }
        Ok(Self { modulus, exponent })
    }

    /// The modulus, big-endian and without leading zeros.
    #[must_use]
    pub fn modulus(&self) -> &[u8] {
        &self.modulus
    }

    /// The public exponent, big-endian and without leading zeros.
    #[must_use]
    pub fn exponent(&self) -> &[u8] {
        &self.exponent
    }

    /// The key as an `RSAPublicKey` of PKCS #1, in DER. Most implementations read it.
    #[must_use]
    pub fn to_der(&self) -> Vec<u8> {
        der::sequence(&[der::unsigned(&self.modulus), der::unsigned(&self.exponent)])
    }
}

fn without_zeros(number: Vec<u8>) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default().to_vec()
}

impl fmt::Debug for RsaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RsaKey").field("bits", &(self.modulus.len() * 8)).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_as_long_as_its_modulus() {
        let with = |bytes: usize, first: u8| {
            let mut modulus = vec![0xff; bytes];
            modulus[0] = first;
            RsaKey::new(modulus, vec![1, 0, 1])
        };
        assert!(with(256, 0x80).is_ok() && with(257, 0).is_ok() && with(512, 0xff).is_ok());
        assert!(with(256, 0x7f).is_err() && with(513, 1).is_err() && with(128, 0xff).is_err());
        assert!(RsaKey::new(Vec::new(), vec![3]).is_err());
    }

    #[test]
    fn an_exponent_is_odd_and_short() {
        for (exponent, is_ok) in [
            (vec![3], true),
            (vec![0, 1, 0, 1], true),
            (vec![1], false),
            (vec![2], false),
            (vec![], false),
            (vec![1; 5], false),
        ] {
            assert_eq!(RsaKey::new(vec![0xff; 256], exponent.clone()).is_ok(), is_ok, "{exponent:?}");
        }
    }
}
