package io.github.mcppersist.redis;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Finds out where anybody accepts connections, without a word in the log: a driver logs
 * each address that it doesn't reach, with a stack trace, each time that it looks.
 */
final class OpenPorts {

	/**
	 * How much longer than the first those may take that are reached as well.
	 */
	private static final long GRACE = 100_000_000L;

	private OpenPorts() {
	}

	/**
	 * Connect to several addresses at once, and close the connections. Blocks, while
	 * names are resolved as well.
	 * @param addresses the addresses
	 * @param limit how long to wait if nobody accepts
	 * @return those of them that accept connections
	 */
	static List<InetSocketAddress> of(Collection<InetSocketAddress> addresses, Duration limit) {
		List<InetSocketAddress> open = new ArrayList<>();
		List<SocketChannel> channels = new ArrayList<>();
		try (Selector selector = Selector.open()) {
			for (InetSocketAddress address : addresses) {
				if (begin(address, selector, channels)) {
					open.add(address);
				}
			}
			long deadline = System.nanoTime() + (open.isEmpty() ? limit.toNanos() : GRACE);
			for (long left = limit.toNanos(); left > 0
					&& !selector.keys().isEmpty(); left = deadline - System.nanoTime()) {
				selector.select(Math.max(1, TimeUnit.NANOSECONDS.toMillis(left)));
				for (SelectionKey key : selector.selectedKeys()) {
					if (isConnected(key)) {
						open.add((InetSocketAddress) key.attachment());
						deadline = Math.min(deadline, System.nanoTime() + GRACE);
					}
					key.cancel();
				}
				selector.selectedKeys().clear();
				selector.selectNow();
			}
		}
		catch (IOException ex) {
			// Whatever was found counts
		}
		finally {
			channels.forEach(OpenPorts::close);
		}
		return open;
	}

	private static boolean begin(InetSocketAddress address, Selector selector, List<SocketChannel> channels) {
		InetSocketAddress resolved = address.isUnresolved()
				? new InetSocketAddress(address.getHostString(), address.getPort()) : address;
		if (resolved.isUnresolved()) {
			return false;
		}
		try {
			SocketChannel channel = SocketChannel.open();
			channels.add(channel);
			channel.configureBlocking(false);
			if (channel.connect(resolved)) {
				return true;
			}
			channel.register(selector, SelectionKey.OP_CONNECT, address);
		}
		catch (IOException ex) {
			// Refused
		}
		return false;
	}

	private static boolean isConnected(SelectionKey key) {
		try {
			return ((SocketChannel) key.channel()).finishConnect();
		}
		catch (IOException ex) {
			return false;
		}
	}

	private static void close(SocketChannel channel) {
		try {
			channel.close();
		}
		catch (IOException ex) {
			// It is closed all the same
		}
	}

}
