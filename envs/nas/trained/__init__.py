"""What the tables of networks that were trained by us share: data, training, rows on disk, and the tables made of them."""
