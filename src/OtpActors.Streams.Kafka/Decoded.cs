using Confluent.Kafka;

namespace OtpActors.Streams.Kafka;

/// <summary>
/// A key or value as its deserializer gave it, or why it could not. A deserializer that throws inside the client loses
/// the record; here the error travels with the record, which the stream can then set aside.
/// </summary>
public readonly struct Decoded<T>
{
    private readonly T? _value;
    private readonly DecodeException? _error;

    private Decoded(T? value, DecodeException? error) => (_value, _error) = (value, error);

    /// <summary>What the deserializer threw, with the bytes; null when there is a value.</summary>
    public DecodeException? Error => _error;

    /// <summary>Whether the deserializer threw.</summary>
    public bool IsError => _error is not null;

    /// <exception cref="DecodeException">There is no value.</exception>
    public T? Value => _error is null ? _value : throw _error;

    /// <summary>What a deserializer gave, null included.</summary>
    public static Decoded<T> Of(T? value) => new(value, null);

    /// <summary>What a deserializer could not read.</summary>
    public static Decoded<T> Failed(DecodeException error) => new(default, error);
}

/// <summary>A key or value could not be decoded. The message says nothing of the bytes.</summary>
public sealed class DecodeException(byte[] raw, Exception inner)
    : Exception($"The bytes could not be decoded ({inner.GetType().Name}).", inner)
{
    /// <summary>What could not be decoded.</summary>
    public byte[] Raw { get; } = raw;
}

/// <summary>
/// Never throws. Runs on the poll thread alone, inside its Consume, which is why it can count bytes without a lock.
/// </summary>
internal sealed class Decoder<T>(IDeserializer<T> inner) : IDeserializer<Decoded<T>>
{
    /// <summary>Of what was decoded since the start.</summary>
    public long Bytes { get; private set; }

    public long Errors { get; private set; }

    public Decoded<T> Deserialize(ReadOnlySpan<byte> data, bool isNull, SerializationContext context)
    {
        Bytes += data.Length;
        try
        {
            return Decoded<T>.Of(inner.Deserialize(data, isNull, context));
        }
        catch (Exception e)
        {
            Errors++;
            return Decoded<T>.Failed(new DecodeException(data.ToArray(), e));
        }
    }
}
